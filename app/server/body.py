"""The body of a request as a thread reads it: first the part in memory, then the rest as it is received."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Protocol

from gunicorn.http.errors import NoMoreData, ParseException  # type: ignore[import-untyped]
from gunicorn.http.unreader import Unreader  # type: ignore[import-untyped]

from app.server.chunks import ChunkDecoder
from app.web.refusal import Refused

_BLOCK = 64 * 1024


class BodySource(Protocol):
    """A source of the rest of a body."""

    def receive(self, size: int) -> bytes:
        """Wait for the next bytes and return them; no bytes mean that the client has closed the connection."""


class DecodingSource:
    """The rest of a body in chunked transfer coding: its data, decoded as another source receives it."""

    def __init__(self, decoder: ChunkDecoder, source: BodySource) -> None:
        self._decoder = decoder
        self._source = source

    def receive(self, size: int) -> bytes:
        """Wait for the next data and return them; no bytes mean that the body is complete.

        Raises ParseException if the framing is not valid, and NoMoreData if the body ends too early.
        """
        while not self._decoder.ended:
            received = self._source.receive(size)
            if not received:
                raise NoMoreData
            if data := self._decoder.feed(received):
                return bytes(data)
        return b""


class Incoming(Unreader):  # type: ignore[misc]
    """The bytes of a request for gunicorn's parsers: those in memory, and then those of a source, if one is set."""

    def __init__(self, held: bytes) -> None:
        super().__init__()
        self._held = memoryview(held)
        self.source: BodySource | None = None

    def hold(self, data: bytes) -> None:
        """Continue with these bytes."""
        self._held = memoryview(data)

    def chunk(self, size_hint: int | None = None) -> bytes:  # noqa: ARG002 - gunicorn gives it
        """Return the next bytes."""
        if self._held:
            piece, self._held = self._held[:_BLOCK], self._held[_BLOCK:]
            return bytes(piece)
        return self.source.receive(_BLOCK) if self.source else b""

    def taken_back(self) -> bytes:
        """Return the unused bytes in memory: the beginning of the body or of the next request."""
        rest = bytes(self.take_buffered()) + bytes(self._held)
        self._held = memoryview(b"")
        return rest

    def drop(self) -> None:
        """Free the bytes in memory, and the source."""
        self.take_buffered()
        self.source = None
        self._held = memoryview(b"")


class _Body(io.RawIOBase):
    def __init__(self, body: Any, length: int | None, refusal_of: Callable[[BaseException], Refused]) -> None:  # noqa: ANN401
        self._body = body
        self._left = length
        self._refusal_of = refusal_of

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401
        try:
            data = self._body.read(len(buffer))
        except (ParseException, NoMoreData) as error:
            raise self._refusal_of(error) from None
        if self._left is not None:
            self._left -= len(data)
            if not data and self._left > 0:
                raise Refused(400, f"the body ends {self._left} bytes before its Content-Length")
        buffer[: len(data)] = data
        return len(data)


def body_stream(request: Any, refusal_of: Callable[[BaseException], Refused]) -> io.BufferedReader:  # noqa: ANN401
    """Return `wsgi.input` for a request. Reading raises Refused if the body is invalid or does not arrive in time."""
    return io.BufferedReader(_Body(request.body, getattr(request.body.reader, "length", None), refusal_of), _BLOCK)
