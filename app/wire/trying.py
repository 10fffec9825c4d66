"""Requests that a page sends to try a service: the documents as they are on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final
from urllib.parse import urlencode

from flask import Response
from lxml import etree

from app.web.statuses import ERROR_NUMBER
from app.wire.flat_requests import flat_members
from app.wire.made_documents import made_document
from app.wire.parsers import hardened_parser
from app.wire.request_document import RequestDocument

MOST_SHOWN: Final = 256 * 1024
"""A page shows at most this many bytes of a response."""


@dataclass(frozen=True)
class Shown:
    """A request and its response, as documents. A long response is cut off. `faults` are the paths of elements of the
    request, and what is wrong with each."""

    request: str
    response: str
    is_complete: bool
    error_number: int
    faults: Sequence[tuple[str, str]]


def request_of(service: str, fields: Sequence[tuple[str, str]], most: int) -> RequestDocument:
    """Return the document of a request whose elements are given as texts, by their paths."""
    return made_document(service, flat_members(urlencode(fields).encode()), most)


def text_of(request: RequestDocument) -> str:
    """Return the document of a request with a line for each element."""
    request.file.seek(0)
    return _indented(request.file.read())


def shown(request: RequestDocument, response: Response, faults: Sequence[tuple[str, str]]) -> Shown:
    """Return a request, the beginning of its response, and the faults that the response reports."""
    body, is_complete = _beginning(response)
    text = _indented(body) if is_complete else body.decode("utf-8", "replace")
    return Shown(text_of(request), text, is_complete, int(response.headers.get(ERROR_NUMBER, "0")), faults)


def _beginning(response: Response) -> tuple[bytes, bool]:
    """Return the beginning of a body, and whether that is the whole body. The rest is not generated."""
    body = bytearray()
    try:
        for block in response.iter_encoded():
            body += block
            if len(body) > MOST_SHOWN:
                return bytes(body[:MOST_SHOWN]), False
    finally:
        response.close()
    return bytes(body), True


def _indented(document: bytes) -> str:
    root = etree.parse(BytesIO(document), hardened_parser()).getroot()
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")
