"""Finds the end of a body in chunked transfer coding (RFC 9112 section 7.1) while its bytes arrive.

The scanner reads only the framing, and each byte once. gunicorn's parser decodes the complete body afterwards and
decides whether it is valid.
"""

from __future__ import annotations

from enum import Enum

_LONGEST_LINE = 8192
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")


class _Part(Enum):
    SIZE = "size"
    DATA = "data"
    END_OF_DATA = "end of data"
    TRAILER = "trailer"


class ChunkScanner:
    """Scans a body in pieces. `ended` is true when the body is complete, or certainly invalid."""

    def __init__(self) -> None:
        self.ended = False
        self._part = _Part.SIZE
        self._left = 0
        self._line = bytearray()

    def feed(self, data: bytes) -> None:
        """Scan the next piece."""
        position = 0
        while position < len(data) and not self.ended:
            if self._part is _Part.DATA:
                taken = min(self._left, len(data) - position)
                self._left -= taken
                position += taken
                if not self._left:
                    self._part = _Part.END_OF_DATA
            else:
                end = data.find(b"\n", position) + 1 or len(data)
                self._line += data[position:end]
                position = end
                self._look_at_line()

    def _look_at_line(self) -> None:
        longest = len(b"\r\n") if self._part is _Part.END_OF_DATA else _LONGEST_LINE
        if len(self._line) > longest:
            self.ended = True
        elif self._line.endswith(b"\n"):
            line = bytes(self._line)
            self._line.clear()
            self._take(line)

    def _take(self, line: bytes) -> None:
        if not line.endswith(b"\r\n"):
            self.ended = True
        elif self._part is _Part.SIZE:
            self._take_size(line.partition(b";")[0].strip())
        elif self._part is _Part.END_OF_DATA:
            self._part = _Part.SIZE
        else:
            self.ended = line == b"\r\n"

    def _take_size(self, digits: bytes) -> None:
        if not digits or not _HEX_DIGITS.issuperset(digits):
            self.ended = True
            return
        self._left = int(digits, 16)
        self._part = _Part.DATA if self._left else _Part.TRAILER
