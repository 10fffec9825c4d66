"""The intake: reads an HTTP request up to a document whose root element is known, or refuses it with a status.

If the sender has not signed in, no more than a small request is kept, in memory. An import is stored in a file after
its sender has signed in.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from typing import Protocol

from flask import Request

from app.settings import Settings
from app.web.encoding import utf8_blocks
from app.web.refusal import Refused
from app.web.storage import Storage
from app.wire.request_document import RequestDocument
from app.wire.scan import HEAD_LIMIT, LARGE, Scan
from app.wire.uploads import UploadFile

_XML_TYPES = frozenset({"application/xml", "text/xml"})
FORM_TYPE = "application/x-www-form-urlencoded"
_BLOCK = 64 * 1024


class Readable(Protocol):
    """Something from which blocks are read until an empty one comes."""

    def read(self, size: int, /) -> bytes:
        """Return the next block."""


class Intake:
    """A body on its way in, read as far as its root element."""

    root: str

    def __init__(
        self,
        request: Request,
        body: Readable,
        settings: Settings,
        service: str | None,
        on_root: Callable[[str], None],
    ) -> None:
        """Read the beginning of the body, and call `on_root` with the name of the root element.

        `service` is the name in the URL, if there is one. Raises Refused, and whatever `on_root` raises.
        """
        self._service = service
        self._on_root = on_root
        self._settings = settings
        self._length = request.content_length
        self._limit = _SizeLimit(self._largest(service))
        self._limit.check(self._length or 0)
        encoding = request.headers.get("Content-Encoding", "identity")
        if encoding.strip().lower() not in ("", "identity"):
            raise Refused(415, f"the content encoding {encoding[:40]!r} is not accepted: send the XML without one")
        blocks = _received(body, self._limit)
        first = next(blocks, b"")
        _check_media_type(request.mimetype, first)
        self._blocks = utf8_blocks(chain([first], blocks), request.mimetype_params.get("charset"))
        self._head: list[bytes] = []
        self._scan = Scan(self._check_root)
        self.root = self._find_root()

    def document(self) -> RequestDocument:
        """Return the whole body of a small request, in memory."""
        self._limit_to_root()
        file = BytesIO()
        for block in chain(self._head, iter(self._next_block, None)):
            file.write(block)
            self._limit.check(file.tell())
        fault = self._fault_at_end()
        size = file.tell()
        file.seek(0)
        found = self._scan.found
        ordinary = found.ordinary and fault is None
        return RequestDocument(self.root, file, size, found.texts, ordinary, found.nodes, fault)

    def leading(self) -> dict[str, str]:
        """Return the texts of the credentials with which a large request begins."""
        self._limit_to_root()
        size = sum(map(len, self._head))
        while not self._scan.found.leading_ended and size < HEAD_LIMIT:
            block = self._next_block()
            if block is None:
                break
            self._head.append(block)
            size += len(block)
        return self._scan.found.texts

    @contextmanager
    def stored(self, storage: Storage, owner: object) -> Iterator[RequestDocument]:
        """Store the whole body of a large request in a file, which lasts as long as the context.

        The file counts in `storage` for its owner.
        """
        with UploadFile(self._settings.upload_directory, storage, owner) as upload:
            size = 0
            for block in chain(self._head, self._blocks):
                size += len(block)
                self._limit.check(size)
                upload.write(block)
            upload.file.seek(0)
            yield RequestDocument(self.root, upload.file, size)

    def _find_root(self) -> str:
        while self._scan.found.root is None:
            block = self._next_block()
            if block is None:
                self._scan.close()
                raise Refused(400, "the document is not well-formed: it has no root element")
            self._head.append(block)
        return self._scan.found.root

    def _fault_at_end(self) -> Refused | None:
        """Return the fault of a document that ends too early.

        libxml2, which reads the document next, may report a more specific one, such as a limit that it exceeds.
        """
        try:
            self._scan.close()
        except Refused as fault:
            return fault
        return None

    def _check_root(self, name: str) -> None:
        if self._service is not None and name != self._service:
            raise Refused(400, f"the root element is {name[:100]!r}, and the service in the URL is {self._service}")
        self._on_root(name)

    def _next_block(self) -> bytes | None:
        block = next(self._blocks, None)
        if block is not None:
            self._scan.feed(block)
        return block

    def _limit_to_root(self) -> None:
        self._limit.most = self._largest(self.root)
        self._limit.check(self._length or 0)

    def _largest(self, service: str | None) -> int:
        """Return the largest size of a body for a service; None if the service is not known yet."""
        large = service is None or service in LARGE
        return self._settings.max_import_bytes if large else self._settings.max_request_bytes


@dataclass
class _SizeLimit:
    """The largest size of a body in bytes, which becomes smaller when its service is known."""

    most: int

    def check(self, size: int) -> None:
        """Raise Refused if a body of this size is too large."""
        if size > self.most:
            raise Refused(413, f"the body has more than {self.most} bytes, the most that this service accepts")


def _received(stream: Readable, limit: _SizeLimit) -> Iterator[bytes]:
    """Yield the blocks of a body. The generator does not refer to the intake that reads it: without such a reference
    cycle, all that an intake holds is freed as soon as it is not used any more."""
    size = 0
    while block := stream.read(_BLOCK):
        size += len(block)
        limit.check(size)
        yield block


def _check_media_type(media_type: str, first: bytes) -> None:
    """Accept XML, and the form type that `curl -d @file` gives to an XML file."""
    if media_type in _XML_TYPES or (media_type == FORM_TYPE and looks_like_xml(first)):
        return
    shown = media_type[:100] or "none"
    raise Refused(
        415,
        f"the media type is {shown}: send application/xml or text/xml, or application/json to /servicejson/NAME",
    )


def looks_like_xml(first: bytes) -> bool:
    """Return whether a body that begins so can be XML. URL-encoded parameters cannot."""
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return first.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<")
