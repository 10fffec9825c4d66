"""The intake: from an HTTP request to a well-formed, valid document, or a refusal with its status (section 2)."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO

from flask import Request
from lxml import etree

from app.settings import Settings
from app.wire.encoding import root_name, utf8_blocks
from app.wire.limits import not_well_formed, path_of_fault
from app.wire.parsers import hardened_parser
from app.wire.refusal import Refused

_XML_TYPES = frozenset({"application/xml", "text/xml"})
_FORM_TYPE = "application/x-www-form-urlencoded"
_BLOCK = 64 * 1024


@dataclass(frozen=True)
class Document:
    """A request's body in UTF-8, and the name of its root element."""

    root: str
    file: IO[bytes]
    size: int

    @property
    def large(self) -> bool:
        """Whether it is large enough to be handled with care."""
        return self.size > 64 * 1024


@contextmanager
def taken_in(request: Request, settings: Settings, service: str | None, large: frozenset[str]) -> Iterator[Document]:
    """Take the body in: size, media type, encoding, DOCTYPE. `large` are the services that may send more.

    `service` is the name in the URL, if there is one. Raises Refused. The document lasts as long as the context.
    """
    most = settings.max_import_bytes if service is None or service in large else settings.max_request_bytes
    if request.content_length is not None and request.content_length > most:
        raise Refused(413, f"the body has {request.content_length} bytes, at most {most} are taken")
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() not in ("", "identity"):
        raise Refused(415, f"the content encoding {encoding[:40]!r} is not taken: send the XML as it is")
    blocks = _blocks(request.stream, most)
    first = next(blocks, b"")
    _check_media_type(request.mimetype, first)
    utf8 = utf8_blocks(chain([first], blocks), request.mimetype_params.get("charset"))
    with SpooledTemporaryFile(max_size=settings.max_request_bytes) as file:
        root, size = _write(utf8, file, settings, large)
        if service is not None and root != service:
            raise Refused(400, f"the root element is {root[:100]!r}, and the service in the URL is {service}")
        file.seek(0)
        yield Document(root, file, size)


def parse(document: Document) -> etree._Element:
    """Returns the tree of a small document.

    Raises Refused: 400 where the document is not well-formed, 413 where it exceeds a limit of the parser.
    """
    try:
        return etree.parse(document.file, hardened_parser()).getroot()
    except etree.XMLSyntaxError as error:
        raise not_well_formed(error, lambda: path_of_fault(document.file)) from None


def _write(utf8: Iterator[bytes], file: IO[bytes], settings: Settings, large: frozenset[str]) -> tuple[str, int]:
    """Write the document to a file, no more of it than its root may have; answers the root's name and the size."""
    root: str | None = None
    text, size, most = "", 0, settings.max_request_bytes
    for block in utf8:
        file.write(block)
        size += len(block)
        if root is None:
            text += block.decode()
            root = root_name(text)
            most = settings.max_import_bytes if root in large else most
        if size > most:
            raise Refused(413, f"the body has more than {most} bytes")
    if root is None:
        raise Refused(400, "the document is not well-formed: it has no root element")
    return root, size


def _check_media_type(media_type: str, first: bytes) -> None:
    """XML, or the form type that `curl -d @file` gives to an XML file."""
    if media_type in _XML_TYPES or (media_type == _FORM_TYPE and _looks_like_xml(first)):
        return
    shown = media_type[:100] or "none"
    raise Refused(415, f"the media type is {shown}: send application/xml or text/xml")


def _looks_like_xml(first: bytes) -> bool:
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return first.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<")


def _blocks(stream: IO[bytes], most: int) -> Iterator[bytes]:
    size = 0
    while block := stream.read(_BLOCK):
        size += len(block)
        if size > most:
            raise Refused(413, f"the body has more than {most} bytes")
        yield block
