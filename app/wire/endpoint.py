"""The services over HTTP: `/service`, where the root of an XML request names the service, and `/service/NAME`, where a
request may also be JSON or parameters. `/servicejson/NAME` takes the same requests and returns JSON."""

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
from app.wire.json_responses import as_json, wants_json
from app.wire.other_forms import Body, check_only_reads, made_request
from app.wire.refusal import NoSuchServiceError
from app.wire.threads import in_own_thread, parsers_freed
from app.wire.tree import valid_tree
from app.wire.xml_writer import write_parts

blueprint = Blueprint("services", __name__)
_QUOTED = re.compile(r'(?:W/)?"([^"]*)"')


@blueprint.post("/service")
@blueprint.route("/service/<name>", methods=["GET", "POST"])
@blueprint.route("/servicejson/<name>", methods=["GET", "POST"])
def service(name: str | None = None) -> Response:
    """Handles one request. The root of an XML response is the name of the service, or `Error` if that is not known."""
    with parsers_freed():
        try:
            response = _answer(name)
        except RelinkError as error:
            response = failed(g.get("service"), error)
    if request.method != "POST":
        response.headers["Cache-Control"] = "no-store"
    return as_json(response) if wants_json(request) else response


def _answer(name: str | None) -> Response:
    settings = resources().settings
    if name is not None:
        _know(name)
    body = Body(request.stream)
    if name is not None:
        made = made_request(request, body, name, settings, _must_sign_in)
        if made is not None:
            return _imported_small(made) if name == IMPORT else _served(made)
    intake = Intake(request, body, settings, name, _know)
    return _imported(intake) if intake.root == IMPORT else _served(intake.document())


def _must_sign_in() -> None:
    """Requires the credentials of a large request in its headers, so that it is not parsed for anybody."""
    if _call({}).caller.user_identifier is None:
        raise NotAuthorisedError("sign in with HTTP Basic to send more than 64 KiB of JSON")


def _served(document: RequestDocument) -> Response:
    """Handles a small request. Before a large tree is built, its sender must sign in."""
    call = _call(document.credentials) if document.large else None
    if call is not None and call.caller.user_identifier is None:
        raise NotAuthorisedError("sign in: a request of more than 64 KiB is not accepted without credentials")
    root = valid_tree(document)
    called = SERVICES[document.root]
    decoded = decode(called.request, root)
    if request.method != "POST":
        check_only_reads(called.name, decoded)
    call = call or _call(document.credentials)
    with nullcontext() if called.long else short_statements():
        return answered(called.name, called.run(decoded, call))


def _imported_small(document: RequestDocument) -> Response:
    """Handles an import that is not XML, and no larger than other requests."""
    call = _call(document.credentials)
    with short_statements():
        check_may_import(call)
    given = import_request(document, document.credentials)
    if request.method != "POST":
        check_only_reads(IMPORT, given)
    return in_own_thread(lambda: answered(IMPORT, SERVICES[IMPORT].run(given, call)))


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
