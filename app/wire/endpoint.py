"""`POST /service` and `POST /service/NAME`: the root of the request names the service."""

from __future__ import annotations

import re

from flask import Blueprint, Response, g, request

from app.errors import NotAuthorisedError, RelinkError
from app.services.call import Call
from app.services.registry import SERVICES
from app.solutions.limits import Limits
from app.solutions.people.cipher import Cipher
from app.wire.context import present_state
from app.wire.credentials import credentials
from app.wire.decode import decode
from app.wire.envelope import answered, failed
from app.wire.import_stream import IMPORT, import_request, leading_elements
from app.wire.intake import Document, parse, taken_in
from app.wire.refusal import NoSuchServiceError, NotValidError
from app.wire.schemas import faults, is_valid

blueprint = Blueprint("services", __name__)
_LARGE = frozenset({IMPORT})
_QUOTED = re.compile(r'(?:W/)?"([^"]*)"')


@blueprint.post("/service")
@blueprint.post("/service/<name>")
def service(name: str | None = None) -> Response:
    """Answer one request. The answer's root is the service's name, or `Error` where that is not known."""
    try:
        return _answer(name)
    except NotAuthorisedError as error:
        present_state().refusals.record(g.get("service", ""), error.description)
        return failed(g.get("service"), error)
    except RelinkError as error:
        return failed(g.get("service"), error)


def _answer(name: str | None) -> Response:
    if name is not None:
        _know(name)
    with taken_in(request, present_state().settings, name, _LARGE) as document:
        _know(document.root)
        return _served(document)


def _served(document: Document) -> Response:
    if document.root == IMPORT:
        leading = leading_elements(document)
        call = _call(leading.get("userLogonReference"), leading.get("password"))
        return answered(IMPORT, SERVICES[IMPORT].run(import_request(document, leading), call))
    root = parse(document)
    if not is_valid(document.root, root, large=document.large):
        raise NotValidError(faults(document.root, root))
    called = SERVICES[document.root]
    call = _call(root.findtext("userLogonReference"), root.findtext("password"))
    return answered(called.name, called.run(decode(called.request, root), call))


def _know(name: str) -> None:
    """From here on the answer's root is this service's name."""
    if name not in SERVICES:
        raise NoSuchServiceError(name)
    g.service = name


def _call(logon_reference: str | None, password: str | None) -> Call:
    state = present_state()
    caller = state.sign_in.caller(credentials(request, logon_reference, password), request.remote_addr or "")
    cipher = Cipher(state.settings.secret_key)
    return Call(
        state.engine,
        caller,
        _if_match(request.headers.get("If-Match")),
        cipher,
        Limits.of(state.settings),
        state.workload,
    )


def _if_match(header: str | None) -> str | None:
    """The entity tag of `If-Match`, or `*`. Its quotes may be missing, and a proxy may have made it a weak one."""
    if header is None or header.strip(" \t") == "*":
        return header and "*"
    return _QUOTED.sub(r"\1", header.strip(" \t")).replace("*", "")
