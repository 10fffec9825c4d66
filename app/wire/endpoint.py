"""`POST /service` and `POST /service/NAME`: the root of the request names the service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import nullcontext

from flask import Blueprint, Response, g, request

from app.database.connection import short_statements
from app.errors import NotAuthorisedError, RelinkError
from app.services.call import Call
from app.services.node_import import check_may_import
from app.services.registry import SERVICES
from app.solutions.limits import Limits
from app.solutions.people.cipher import Cipher
from app.wire.context import resources
from app.wire.credentials import credentials
from app.wire.decode import decode
from app.wire.envelope import answered, failed, written
from app.wire.import_stream import IMPORT, import_request
from app.wire.intake import Intake, RequestDocument
from app.wire.refusal import NoSuchServiceError
from app.wire.threads import in_own_thread, parsers_freed
from app.wire.tree import valid_tree
from app.wire.xml_writer import write_parts

blueprint = Blueprint("services", __name__)
_QUOTED = re.compile(r'(?:W/)?"([^"]*)"')


@blueprint.post("/service")
@blueprint.post("/service/<name>")
def service(name: str | None = None) -> Response:
    """Handles one request. The root of the response is the service's name, or `Error` if the service is not known."""
    with parsers_freed():
        try:
            return _answer(name)
        except RelinkError as error:
            return failed(g.get("service"), error)


def _answer(name: str | None) -> Response:
    if name is not None:
        _know(name)
    intake = Intake(request, resources().settings, name, _know)
    return _imported(intake) if intake.root == IMPORT else _served(intake.document())


def _served(document: RequestDocument) -> Response:
    """Handles a small request. Before a large tree is built, its sender must sign in."""
    call = _call(document.credentials) if document.large else None
    if call is not None and call.caller.user_identifier is None:
        raise NotAuthorisedError("sign in: a request of more than 64 KiB is not accepted without credentials")
    root = valid_tree(document)
    called = SERVICES[document.root]
    call = call or _call(document.credentials)
    with nullcontext() if called.long else short_statements():
        return answered(called.name, called.run(decode(called.request, root), call))


def _imported(intake: Intake) -> Response:
    """Handles an import. Nothing of it is stored before its sender has signed in and has a right to import."""
    message = intake.leading()
    call = _call(message)
    with short_statements():
        check_may_import(call)
    with intake.stored(resources().uploads, call.caller.user_identifier) as document:
        return in_own_thread(lambda: answered(IMPORT, SERVICES[IMPORT].run(import_request(document, message), call)))


def _know(name: str) -> None:
    """Records the service: from here on the root of the response is its name."""
    if name not in SERVICES:
        raise NoSuchServiceError(name, SERVICES)
    g.service = name


def _call(message: Mapping[str, str]) -> Call:
    """Signs in with the credentials of the message or of the HTTP headers."""
    shared = resources()
    caller = shared.sign_in.caller(credentials(request, message), request.remote_addr or "")
    cipher = Cipher(shared.settings.secret_key)
    return Call(
        shared.engine,
        caller,
        written,
        write_parts,
        _if_match(request.headers.get("If-Match")),
        cipher,
        Limits.of(shared.settings),
        shared.workload,
    )


def _if_match(header: str | None) -> str | None:
    """Returns the entity tag of `If-Match`, or `*`. Its quotes may be missing, and a proxy may have made it weak."""
    if header is None or header.strip(" \t") == "*":
        return header and "*"
    return _QUOTED.sub(r"\1", header.strip(" \t")).replace("*", "")
