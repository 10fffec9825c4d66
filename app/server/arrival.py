"""An incoming request: its head, and the part of its body that is kept in memory."""

from __future__ import annotations

import re
from functools import partial
from typing import Any, Final

from gunicorn.http import errors  # type: ignore[import-untyped]
from gunicorn.http.body import Body, ChunkedReader, EOFReader, LengthReader  # type: ignore[import-untyped]
from gunicorn.http.message import Request  # type: ignore[import-untyped]

from app.server.body import BodySource, DecodingSource, Incoming
from app.server.chunks import LEAST_AVERAGE, MOST_TINY_CHUNKS, ChunkDecoder, TinyChunksError
from app.web.refusal import Refused

HELD: Final = 1024 * 1024
"""A body of at most this many bytes is received whole before a thread works on the request. Chunks are counted with
their framing."""
BEGINNING: Final = 64 * 1024
"""This many bytes of a larger body are received first, and a thread reads the rest as a stream. The first bytes of an
import hold its credentials, so a caller without the right to import is refused without waiting."""
LARGEST_HEAD: Final = 64 * 1024

_PIECE = 64 * 1024
_PIECE_OF_CHUNKS = 16 * 1024

_END_OF_HEAD = b"\r\n\r\n"
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")
_NOTHING = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"


class Arrival:
    """The bytes of one request. When it is `ready`, `request` is set, and also `refusal` if the request is refused.

    A request whose head cannot be parsed is replaced by an empty request with a refusal.
    """

    def __init__(self, config: Any, peer: Any, number: int) -> None:  # noqa: ANN401 - gunicorn has no types
        self._config = config
        self._peer = peer
        self._number = number
        self._bytes = bytearray()
        """The bytes received so far; after the head is parsed, those of the body, without the framing of chunks."""
        self._searched = 0
        self._head_size = 0
        self._decoder: ChunkDecoder | None = None
        self._length = 0
        self.received = 0
        self.incoming: Incoming | None = None
        self.request: Any = None
        self.refusal: Refused | None = None
        self.ready = False
        self.whole = False
        """Whether the whole body has been received."""

    @property
    def begun(self) -> bool:
        """Whether any bytes have been received."""
        return self.received > 0

    @property
    def piece(self) -> int:
        """The number of bytes to receive at once: few if there may be chunks in them, which take long to decode."""
        return _PIECE if self.request is not None and self._decoder is None else _PIECE_OF_CHUNKS

    @property
    def held(self) -> int:
        """An upper bound of the bytes of the request in memory."""
        return 0 if self.refusal is not None else min(self.received, LARGEST_HEAD + HELD)

    @property
    def awaits_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends the body."""
        return bool(self.request is not None and not self.ready and self.request._expected_100_continue)

    def feed(self, data: bytes) -> None:
        """Process the next bytes."""
        self.received += len(data)
        if self._decoder is not None:
            self._decode(data)
        else:
            self._bytes += data
        if self.request is None:
            self._look_for_head()
        if self.request is not None and not self.ready:
            self._look_for_end()

    def end(self) -> None:
        """Note that the client has sent its last byte."""
        if self.request is None:
            self.refuse(Refused(400, "the connection was closed before the request was complete"))
        elif self.ready:
            return
        elif self._decoder is not None:
            self.refuse(refusal_of(errors.NoMoreData()))
        else:
            self._be_ready(whole=True)

    def read_on(self, source: BodySource) -> None:
        """Let a thread read the rest of the body from this source."""
        if self.incoming is not None:
            self.incoming.source = DecodingSource(self._decoder, source) if self._decoder is not None else source

    def refuse(self, refusal: Refused) -> None:
        """Refuse the request, and drop its bytes."""
        if self.request is None:
            self.request = Request(self._config, Incoming(_NOTHING), self._peer, self._number)
        self.request.force_close()
        self.refusal = refusal
        self._bytes.clear()
        self.ready = True

    def _look_for_head(self) -> None:
        end = self._bytes.find(_END_OF_HEAD, max(0, self._searched - len(_END_OF_HEAD)))
        if end < 0 and len(self._bytes) <= LARGEST_HEAD and not self._has_bare_line_feed():
            self._searched = len(self._bytes)
            return
        if (end if end >= 0 else len(self._bytes)) > LARGEST_HEAD:
            self.refuse(Refused(431, f"the header fields have more than {LARGEST_HEAD} bytes"))
            return
        incoming = Incoming(bytes(self._bytes))
        try:
            self.request = Request(self._config, incoming, self._peer, self._number)
        except (errors.ParseException, OSError, StopIteration, ValueError) as error:
            self.refuse(refusal_of(error))
            return
        self._begin_body(incoming)

    def _has_bare_line_feed(self) -> bool:
        return _BARE_LINE_FEED.search(self._bytes, max(0, self._searched - 1)) is not None

    def _begin_body(self, incoming: Incoming) -> None:
        self.incoming = incoming
        beginning = incoming.taken_back()
        self._head_size = self.received - len(beginning)
        self._bytes.clear()
        reader = self.request.body.reader
        if isinstance(reader, ChunkedReader):
            self._decoder = ChunkDecoder(partial(self.request.parse_headers, from_trailer=True))
            self._decode(beginning)
            return
        self._bytes += beginning
        if isinstance(reader, LengthReader):
            self._length = reader.length

    def _decode(self, data: bytes) -> None:
        if self._decoder is None:
            raise RuntimeError("the body is not in chunks")
        try:
            self._bytes += self._decoder.feed(data)
        except errors.ParseException as error:
            self.refuse(refusal_of(error))

    def _look_for_end(self) -> None:
        received = self.received - self._head_size
        whole = self._decoder.ended if self._decoder is not None else received >= self._length
        enough = BEGINNING if self._length > HELD else HELD + 1
        if whole or received >= enough:
            self._be_ready(whole=whole)

    def _be_ready(self, *, whole: bool) -> None:
        if self.incoming is None:
            raise RuntimeError("the head must be parsed before the body")
        if self._decoder is not None:
            # What is decoded is read like a body with a length, or up to its end if its length is not known yet.
            reader = LengthReader(self.incoming, len(self._bytes)) if whole else EOFReader(self.incoming)
            self.request.body = Body(reader)
            self._bytes += self._decoder.rest
        self.incoming.hold(bytes(self._bytes))
        self._bytes.clear()
        self.whole = whole
        self.ready = True


def refusal_of(error: BaseException) -> Refused:
    """Return the refusal of a request that gunicorn's parser rejects. It repeats nothing from the request."""
    match error:
        case TinyChunksError():
            return Refused(
                400,
                f"the body has more than {MOST_TINY_CHUNKS} chunks, and on average less than {LEAST_AVERAGE}"
                " bytes of data in each: send larger chunks",
            )
        case errors.LimitRequestLine():
            return Refused(414, "the request line is too long")
        case errors.LimitRequestHeaders():
            return Refused(431, "there are too many header fields, or they are too long")
        case errors.ExpectationFailed():
            return Refused(417, "the only expectation that is met is 100-continue")
        case errors.UnsupportedTransferCoding():
            return Refused(501, "the only transfer coding that is accepted is chunked")
    return Refused(400, f"the request is not HTTP/1.1: {_REASONS.get(type(error), 'it cannot be read')}")


_REASONS = {
    errors.InvalidRequestLine: "its request line is not valid",
    errors.InvalidRequestMethod: "its method is not valid",
    errors.InvalidHTTPVersion: "its version is not valid",
    errors.InvalidHeader: "a header field is not valid",
    errors.InvalidHeaderName: "the name of a header field is not valid",
    errors.ObsoleteFolding: "a header field goes over several lines",
    errors.InvalidSchemeHeaders: "header fields about the scheme contradict each other",
    errors.InvalidChunkSize: "the size of a chunk is not valid",
    errors.InvalidChunkExtension: "the extension of a chunk is not valid",
    errors.ChunkMissingTerminator: "a chunk does not end where its size says",
    errors.NoMoreData: "it ends too early",
}
