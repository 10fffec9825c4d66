"""Requests in other forms than XML: JSON, and parameters in a query string or a form. The URL names their service."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import IO, Any, Final

from flask import Request

from app.settings import Settings
from app.web.refusal import Refused
from app.wire.flat_requests import flat_members
from app.wire.intake import FORM_TYPE, looks_like_xml
from app.wire.json_requests import json_members
from app.wire.made_documents import made_document
from app.wire.request_document import RequestDocument

_JSON_TYPE = "application/json"
_READ = ("GET", "HEAD")
_BLOCK = 64 * 1024
_LARGE = 64 * 1024

# Services without an action change nothing if their names begin with one of these words.
_READING = ("Compare", "Get", "List", "Preview", "Search", "WhereUsed")
_READING_ACTIONS = frozenset({"edit", "impact", "new"})


class Body:
    """The body of a request, of which the beginning can be looked at before the rest is read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.beginning: Final = stream.read(_BLOCK)
        self._first = BytesIO(self.beginning)
        self._stream = stream

    def read(self, size: int) -> bytes:
        """Return the next block, which is empty at the end."""
        return self._first.read(size) or self._stream.read(size)


def made_request(
    request: Request, body: Body, service: str, settings: Settings, sign_in: Callable[[], None]
) -> RequestDocument | None:
    """Return the document that a request means, or None if it is XML, for the intake of XML.

    Calls `sign_in` before a large body is parsed: JSON takes much more memory as objects than as text, and parameters
    take a second of processor time for each MiB.
    """
    most = settings.max_request_bytes
    if request.method in _READ:
        return made_document(service, flat_members(request.query_string), most)
    if request.mimetype == _JSON_TYPE:
        content = _whole(request, body, most, sign_in)
        return made_document(service, json_members(content, request.mimetype_params.get("charset")), most)
    if request.mimetype == FORM_TYPE and not looks_like_xml(body.beginning):
        # A page of another site can send a form, with the credentials that the browser remembers.
        if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            raise Refused(403, "a form of another site is not accepted")
        return made_document(service, flat_members(_whole(request, body, most, sign_in)), most)
    return None


def check_only_reads(service: str, decoded: object) -> None:
    """Raise Refused 405 for a request by GET that could change something."""
    action: Any = getattr(decoded, "action", None)
    if action in _READING_ACTIONS if action is not None else service.startswith(_READING):
        return
    what = service if action is None else f"{service} with the action {action}"
    raise Refused(405, f"GET changes nothing: send {what} by POST", headers={"Allow": "POST"})


def _whole(request: Request, body: Body, most: int, sign_in: Callable[[], None]) -> bytes:
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() not in ("", "identity"):
        raise Refused(415, f"the content encoding {encoding[:40]!r} is not accepted: send the request without one")
    content = bytearray()
    while block := body.read(_BLOCK):
        content += block
        if len(content) > most:
            raise Refused(413, f"the body has more than {most} bytes, the most that a request of this form may have")
    if len(content) > _LARGE:
        sign_in()
    return bytes(content)
