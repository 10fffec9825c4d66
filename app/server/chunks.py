"""Decodes a body in chunked transfer coding (RFC 9112 section 7.1) while its bytes arrive."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from gunicorn.http import errors  # type: ignore[import-untyped]

MOST_TINY_CHUNKS: Final = 16 * 1024
"""A body may have more chunks than this only if they have `LEAST_AVERAGE` bytes of data on average."""
LEAST_AVERAGE: Final = 16

_LARGEST = 1 << 62
"""A chunk of more bytes is refused: positions in the body must fit into 64 bits."""
_LONGEST = 8190
"""At most this many bytes may be between the data of two chunks, or in the trailers."""

# A match takes time that is linear in the length of the line: the quantifiers of single bytes are possessive, and no
# other part can match in two ways. The quantifiers of groups are not possessive, because Python before 3.11.5 matches
# too much with these (https://github.com/python/cpython/issues/106052). Extensions are matched only when their length
# has been checked, so that the positions that these groups remember are few.
_SIZE = rb"([0-9A-Fa-f]++)([ \t]*+;[\t -~\x80-\xff]*+)?\r\n"
_FIRST_LINE = re.compile(_SIZE)
_NEXT_LINE = re.compile(rb"\r\n" + _SIZE)
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_TEXT = rb"[\t !#-\[\]-~\x80-\xff]*+"
_QUOTED = rb'"' + _TEXT + rb"(?:\\[\t -~\x80-\xff]" + _TEXT + rb')*"'
_EXTENSION = rb"[ \t]*+;[ \t]*+" + _TOKEN + rb"(?:[ \t]*+=[ \t]*+(?:" + _TOKEN + rb"|" + _QUOTED + rb"))?"
_EXTENSIONS = re.compile(rb"(?:" + _EXTENSION + rb")*")
_SMALL_SIZES = {b"%x" % size: size for size in range(1, 256)}
"""The sizes of small chunks by their digits. To look one up takes less time than to convert its digits."""
_SIZE_BEFORE_EXTENSION = re.compile(rb"[0-9A-Fa-f]++[ \t]*+;")


class TinyChunksError(errors.ParseException):  # type: ignore[misc]
    """The body has very many chunks with hardly any data in them, so that decoding it takes long."""


class ChunkDecoder:
    """Decodes a body in pieces. `ended` is true when the body is complete, and `rest` has the bytes after it.

    It keeps no data, and of the framing only a line or trailers that are not complete. It reads each byte once.
    """

    def __init__(self, parse_trailers: Callable[[bytes], object]) -> None:
        """Decode a body whose trailers are valid if `parse_trailers` accepts them. They are dropped."""
        self.ended = False
        self.rest = b""
        self._parse_trailers = parse_trailers
        self._in_trailers = False
        self._kept = bytearray()
        self._left = 0
        self._chunks = 0
        self._size = 0

    def feed(self, data: bytes) -> bytearray:
        """Return the data in the next piece of the body. Raises ParseException if the framing is not valid."""
        decoded = bytearray()
        if self._kept:
            is_complete = b"\n" in data or len(self._kept) + len(data) > _LONGEST
            # The two bytes of the line end after the data of a chunk are checked as soon as they are there.
            if len(self._kept) >= len(b"\r\n") and not is_complete:
                self._kept += data
                return decoded
            data = bytes(self._kept) + data
            self._kept.clear()
        rest = data if self._in_trailers else data[self._decode(data, decoded) :]
        if self._in_trailers:
            self._take_trailers(rest)
        elif rest:
            self._keep(rest)
        return decoded

    def _decode(self, data: bytes, decoded: bytearray) -> int:
        """Decode the data of chunks, and return the position of the bytes that are not decoded."""
        decoded += data[: self._left]
        position, chunks, size = self._left, self._chunks, self._size
        match = _NEXT_LINE.match if chunks else _FIRST_LINE.match
        while found := match(data, position):
            start = found.end()
            if start - position > _LONGEST:
                raise _fault(found[0])
            if found[2] and not _EXTENSIONS.fullmatch(found[2]):
                raise errors.InvalidChunkExtension("")
            length = _SMALL_SIZES.get(found[1]) or int(found[1], 16)
            if length > _LARGEST:
                raise errors.InvalidChunkSize(b"")
            position = start + length
            if not length:
                self._in_trailers = True
                break
            chunks += 1
            size += length
            if chunks > MOST_TINY_CHUNKS and size < LEAST_AVERAGE * chunks:
                raise TinyChunksError
            decoded += data[start:position]
            match = _NEXT_LINE.match
        self._chunks, self._size = chunks, size
        self._left = max(0, position - len(data))
        return position

    def _keep(self, rest: bytes) -> None:
        """Keep the beginning of a line, unless it cannot become a valid line."""
        line = rest
        if self._chunks:
            if not b"\r\n".startswith(rest[:2]):
                raise errors.ChunkMissingTerminator(b"")
            line = rest[2:]
        if b"\n" in line or len(rest) > _LONGEST:
            raise _fault(line)
        self._kept += rest

    def _take_trailers(self, section: bytes) -> None:
        if section.startswith(b"\r\n"):
            self.ended, self.rest = True, section[2:]
            return
        end = section.find(b"\r\n\r\n")
        if (end if end >= 0 else len(section)) > _LONGEST:
            raise errors.LimitRequestHeaders("trailers")
        if end >= 0:
            self._parse_trailers(section[:end])
            self.ended, self.rest = True, section[end + 4 :]
        elif section.count(b"\n") != section.count(b"\r\n"):
            raise errors.InvalidHeader("bare line feed")
        else:
            self._kept += section


def _fault(line: bytes) -> errors.ParseException:
    """Return the error for a line that gives no valid size. It repeats nothing of the line."""
    if _SIZE_BEFORE_EXTENSION.match(line.removeprefix(b"\r\n")):
        return errors.InvalidChunkExtension("")
    return errors.InvalidChunkSize(b"")
