"""Requests that are carried out later, by a worker: `Prefer: respond-async` (RFC 7240), and `Idempotency-Key`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final

from flask import Request, Response
from werkzeug.http import parse_list_header

from app.errors import RelinkError
from app.runs.keys import Key, KeyReusedError
from app.runs.requests import RequestTooLargeError
from app.services.response import ServiceResponse
from app.web.refusal import Refused
from app.wire.envelope import http_response
from app.wire.refused_requests import NotValidError

_ASYNC: Final = "respond-async"
_WAIT = re.compile(r'wait\s*=\s*"?(\d{1,9})"?\s*', re.IGNORECASE)
_LONGEST_KEY = 255
_KEY = re.compile(rf'"?([\x21\x23-\x7e](?:[\x20-\x21\x23-\x7e]{{0,{_LONGEST_KEY - 1}}}))"?')


class KeyRefusedError(Refused):
    """105 with status 422: the key belongs to another request."""

    def __init__(self, error: KeyReusedError) -> None:
        super().__init__(422, f"Idempotency-Key: {error.description}")
        self.number = error.number


def prefers_async(request: Request) -> bool:
    """Return whether the client prefers a response before the work is done."""
    return any(preference.lower() == _ASYNC for preference in _preferences(request))


def seconds_to_wait(request: Request) -> int | None:
    """Return how many seconds the client waits for the work before it prefers a response; None if it does not say."""
    found = filter(None, map(_WAIT.fullmatch, _preferences(request)))
    return next((int(wait[1]) for wait in found), None)


def _preferences(request: Request) -> list[str]:
    given = [preference for header in request.headers.getlist("Prefer") for preference in parse_list_header(header)]
    return [preference.partition(";")[0].strip() for preference in given]


def key_of_request(request: Request) -> str | None:
    """Return the key of a request, or None. Raises NotValidError."""
    given = request.headers.get("Idempotency-Key")
    return None if given is None else key_text("Idempotency-Key", given)


def key_text(name: str, given: str) -> str:
    """Return a key without the quotes that it may have, as in the draft for the header. Raises NotValidError."""
    found = _KEY.fullmatch(given.strip(" \t"))
    if found is None:
        raise NotValidError([(name, f"is not a text of 1 to {_LONGEST_KEY} ASCII characters")])
    return found[1]


def key_of(text: str, service: str, if_match: str | None, content: Iterable[bytes]) -> Key:
    """Return a key with a digest of the request: its service, `If-Match` and content."""
    digest = hashlib.sha256(repr((service, if_match)).encode())
    for block in content:
        digest.update(block)
    return Key(text, digest.digest())


def accepted(service: str, run: int, *, preferred: bool) -> Response:
    """Return the response to a request that is carried out as a run. `preferred`: the client has asked for it."""
    headers = {"Location": f"/runs/{run}", "Relink-Run": str(run)}
    if preferred:
        headers["Preference-Applied"] = _ASYNC
    response = http_response(service, ServiceResponse(headers=headers))
    response.status_code = 202
    return response


def as_refusal(error: RelinkError) -> RelinkError:
    """Return an error of a request that cannot be stored, with its HTTP status, and what the client should do."""
    match error:
        case KeyReusedError():
            return KeyRefusedError(error)
        case RequestTooLargeError():
            return Refused(413, f"{error.description}: send it without 'Prefer: {_ASYNC}'")
        case _:
            return error
