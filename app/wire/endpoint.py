"""The services over HTTP: `/service`, where the root of an XML request names the service, and `/service/NAME`, where a
request may also be JSON or parameters. `/servicejson/NAME` takes the same requests and returns JSON."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Blueprint, Response, g, request

from app.database.connection import short_statements
from app.errors import NotAuthorisedError, RelinkError
from app.identity.networks import network_of
from app.runs.keys import KeyReusedError, SameRunError, check
from app.runs.queued import enqueue, read_workers
from app.runs.requests import RequestTooLargeError
from app.runs.wanted import IMPACT
from app.services.call import Call, LateError, Prepared, Service
from app.services.node_import import check_may_import
from app.services.registry import SERVICES
from app.web.context import resources
from app.web.credentials import credentials
from app.wire.asynchronous import accepted, as_refusal, key_of, key_of_request, prefers_async, seconds_to_wait
from app.wire.calls import call_of
from app.wire.decode import decode
from app.wire.envelope import failed, http_response
from app.wire.import_stream import IMPORT, import_request
from app.wire.intake import Intake
from app.wire.json_responses import as_json, wants_json
from app.wire.kept_responses import begun_before
from app.wire.other_forms import Body, check_only_reads, made_request
from app.wire.refused_requests import NoSuchServiceError
from app.wire.request_document import RequestDocument
from app.wire.stored_requests import import_without_credentials, small_import_without_credentials, without_credentials
from app.wire.threads import in_own_thread, parsers_freed
from app.wire.tree import valid_tree

blueprint = Blueprint("services", __name__)
_QUOTED = re.compile(r'(?:W/)?"([^"]*)"')


@blueprint.post("/service")
@blueprint.route("/service/<name>", methods=["GET", "POST"])
@blueprint.route("/servicejson/<name>", methods=["GET", "POST"])
def service(name: str | None = None) -> Response:
    """Handle one request. The root of an XML response is the name of the service, or `Error` if that is not known."""
    with parsers_freed():
        try:
            response = _response(name)
        except RelinkError as error:
            response = failed(g.get("service"), error)
    if request.method != "POST":
        response.headers["Cache-Control"] = "no-store"
    return as_json(response) if wants_json(request) else response


def _response(name: str | None) -> Response:
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
    """Require the credentials of a large request in its headers, so that it is not parsed for anybody."""
    if _call({}).caller.user_identifier is None:
        raise NotAuthorisedError("sign in with HTTP Basic to send more than 64 KiB of JSON or parameters")


def _served(document: RequestDocument) -> Response:
    """Handle a small request. Before a large tree is built, its sender must sign in."""
    call = _call(document.credentials) if document.large else None
    if call is not None and call.caller.user_identifier is None:
        raise NotAuthorisedError("sign in: a request of more than 64 KiB is not accepted without credentials")
    root = valid_tree(document)
    called = SERVICES[document.root]
    decoded = decode(called.request, root)
    if request.method != "POST":
        check_only_reads(called.name, decoded)
    call = call or _call(document.credentials)
    if called.prepare is None or call.caller.user_identifier is None:
        with nullcontext() if called.long else short_statements():
            return http_response(called.name, called.run(decoded, call))
    return _as_run(called, decoded, call, lambda: [without_credentials(root)])


def _imported_small(document: RequestDocument) -> Response:
    """Handle an import that is not XML, and no larger than other requests."""
    call = _call(document.credentials)
    with short_statements():
        check_may_import(call)
    stored = partial(small_import_without_credentials, document.file)
    return in_own_thread(partial(_with_document, document, document.credentials, call, stored))


def _imported(intake: Intake) -> Response:
    """Handle an import. Nothing of it is stored before its sender has signed in and has a right to import."""
    message = intake.leading()
    call = _call(message)
    with short_statements():
        check_may_import(call)
    with intake.stored(resources().uploads, call.caller.user_identifier) as document:
        stored = partial(import_without_credentials, document.file)
        return in_own_thread(partial(_with_document, document, message, call, stored))


def _with_document(
    document: RequestDocument, message: Mapping[str, str], call: Call, stored: Callable[[], Iterable[bytes]]
) -> Response:
    """Handle an import that has been received. Only an import that a worker does is a run, and can have a key.

    `stored` returns the document without its credentials.
    """
    given = import_request(document, message)
    if request.method != "POST":
        check_only_reads(IMPORT, given)
    if not _may_wait():
        return http_response(IMPORT, SERVICES[IMPORT].run(given, call))
    return _as_run(SERVICES[IMPORT], given, call, stored)


def _may_wait() -> bool:
    """Return whether a worker may do the request. A GET begins no run."""
    return request.method == "POST" and prefers_async(request)


def _as_run(called: Service[Any], given: object, call: Call, stored: Callable[[], Iterable[bytes]]) -> Response:
    """Handle a request that may be a run. If one has begun with the same key, its response is returned.

    `stored` returns the request without its credentials.
    """
    text = key_of_request(request) if request.method == "POST" else None
    content = stored() if called.name == IMPORT else [repr(given).encode()]
    call = replace(call, key=None if text is None else key_of(text, called.name, call.if_match, content))
    try:
        if call.key is not None:
            with short_statements(), call.engine.begin() as connection:
                check(connection, call.caller, call.key)
        if called.prepare is None or not _may_wait():
            return http_response(called.name, called.run(given, call))
        prepared = called.prepare(given, call)
        wanted = prepared.wanted
        if wanted is None:
            return http_response(called.name, prepared.run(call))
        if (
            wanted.action == IMPACT
            and called.name != IMPORT
            and (soon := _soon(called.name, prepared, call)) is not None
        ):
            return soon
        wanted = replace(wanted, if_match=call.if_match, key=call.key)
        most = resources().settings.max_queued_bytes
        return accepted(called.name, enqueue(call.engine, call.caller, wanted, stored(), most), preferred=True)
    except SameRunError as error:
        return begun_before(called.name, call.engine, error.run, preferred=_may_wait())
    except (KeyReusedError, RequestTooLargeError) as error:
        raise as_refusal(error) from None


def _soon(name: str, prepared: Prepared, call: Call) -> Response | None:
    """Return the response to an impact that takes no longer than its client waits (RFC 7240, `wait`); otherwise None.

    If no worker is alive, the client waits as long as the impact takes.
    """
    seconds = seconds_to_wait(request)
    if seconds is None:
        return None
    until = time.monotonic() + seconds
    with short_statements(), call.engine.connect() as connection:
        has_worker = read_workers(connection).alive > 0
    try:
        return http_response(name, prepared.run(replace(call, until=until if has_worker else None)))
    except LateError:
        return None


def _know(name: str) -> None:
    """Record the service: from here on the root of the response is its name."""
    if name not in SERVICES:
        raise NoSuchServiceError(name, SERVICES)
    g.service = name


def _call(message: Mapping[str, str]) -> Call:
    """Sign in with the credentials of the message or of the HTTP headers, and return the context of the request."""
    shared = resources()
    caller = shared.sign_in.caller(credentials(request, message), request.remote_addr or "")
    if_match = _if_match(request.headers.get("If-Match"))
    return call_of(caller, if_match=if_match, network=network_of(request.remote_addr or ""))


def _if_match(header: str | None) -> str | None:
    """Return the entity tag of `If-Match`, or `*`. Its quotes may be missing, and a proxy may have made it weak."""
    if header is None or header.strip(" \t") == "*":
        return header and "*"
    return _QUOTED.sub(r"\1", header.strip(" \t")).replace("*", "")
