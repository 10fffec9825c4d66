"""Sends a response to a client that may read slowly."""

from __future__ import annotations

import os
import select
import socket
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from app.web.storage import Storage

MOST_UNSENT: Final = 256 * 1024
"""At most this much of a response is kept in memory until the client reads it. The rest is written to a file."""
MOST_SPOOLED: Final = 1024**3
"""At most this much of the responses to clients that have signed in is kept in files by a process. One network may use
half of it."""
MOST_SPOOLED_UNKNOWN: Final = 128 * 1024**2
"""The same for the responses to clients that have not signed in."""

_PATIENCE = 0.5
_BLOCK = 64 * 1024
_AT_ONCE = 1024 * 1024


class SlowReaderError(OSError):
    """The client reads too slowly, and there is no room to keep the response for it."""


class Spool:
    """The place where a process keeps the parts of responses that slow clients have not read yet."""

    def __init__(
        self, directory: Path | None, most: int = MOST_SPOOLED, most_unknown: int = MOST_SPOOLED_UNKNOWN
    ) -> None:
        """Keep at most `most` bytes for clients that have signed in, and `most_unknown` bytes for the others."""
        self.directory = directory
        self._known = Storage(most)
        self._unknown = Storage(most_unknown)

    def storage(self, *, signed_in: bool) -> Storage:
        """Return the storage that counts the bytes for a client."""
        return self._known if signed_in else self._unknown


class _SpoolFile:
    """A file without a name that is written at its end and read from its beginning."""

    def __init__(self, spool: Spool, network: str, *, signed_in: bool) -> None:
        self._storage = spool.storage(signed_in=signed_in)
        self._network = network
        try:
            self._file = TemporaryFile(buffering=0, dir=spool.directory)  # noqa: SIM115 - `close` closes it
        except OSError as error:
            raise _no_room(error) from error
        self._written = self._read = 0

    def write(self, data: memoryview) -> None:
        if not self._storage.take(self._network, len(data)):
            raise SlowReaderError("too much is already stored for clients that read slowly")
        self._written += len(data)
        offset, rest = self._written - len(data), data
        try:
            while rest:
                written = os.pwrite(self._file.fileno(), rest, offset)
                offset, rest = offset + written, rest[written:]
        except OSError as error:
            raise _no_room(error) from error

    def read(self) -> bytes:
        data = os.pread(self._file.fileno(), min(_BLOCK, self._written - self._read), self._read)
        self._read += len(data)
        return data

    @property
    def has_more(self) -> bool:
        return self._read < self._written

    def close(self) -> None:
        self._storage.give_back(self._network, self._written)
        with suppress(OSError):
            self._file.close()


def _no_room(error: OSError) -> SlowReaderError:
    return SlowReaderError(f"the client reads slowly, and the response cannot be kept in a file: {error.strerror}")


class Outgoing:
    """The socket-like object to which gunicorn writes a response.

    A thread waits at most half a second for its client. Bytes that the client has not read by then are written to a
    file, from which the event loop sends them when the thread is done.
    """

    def __init__(self, connection: socket.socket, spool: Spool, network: str) -> None:
        self._socket = connection
        self._spool = spool
        self._network = network
        self._file: _SpoolFile | None = None
        self._unsent = bytearray()
        self._signed_in = False

    def note_signed_in(self) -> None:
        """Note that the client has signed in, before the response begins."""
        self._signed_in = True

    @property
    def has_unsent(self) -> bool:
        """Whether a part of the response has not been sent."""
        return bool(self._unsent) or (self._file is not None and self._file.has_more)

    def sendall(self, data: bytes) -> None:
        """Send data, and keep the bytes that the client does not accept yet.

        Raises SlowReaderError, or OSError if the client has disconnected.
        """
        # A large block is processed in pieces, so that at most one piece is kept in memory.
        view = memoryview(data)
        for start in range(0, len(view), _BLOCK):
            self._take(view[start : start + _BLOCK])

    def _take(self, data: memoryview) -> None:
        if self._file is None:
            self._unsent += data
        else:
            self._file.write(data)
        self.flush()
        if self._file is None and len(self._unsent) > MOST_UNSENT and not self._is_drained():
            self._file = _SpoolFile(self._spool, self._network, signed_in=self._signed_in)

    def flush(self) -> int:
        """Send as much as the client accepts at once, within limits, and return the number of bytes."""
        total = self._sent()
        while not self._unsent and self._file is not None and self._file.has_more and total < _AT_ONCE:
            self._unsent += self._file.read()
            total += self._sent()
        return total

    def discard(self) -> None:
        """Drop the bytes that have not been sent."""
        self._unsent.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _sent(self) -> int:
        sent = 0
        with memoryview(self._unsent) as view:
            try:
                while sent < len(view):
                    sent += self._socket.send(view[sent:])
            except BlockingIOError:
                pass
        del self._unsent[:sent]
        return sent

    def _is_drained(self) -> bool:
        """Wait at most half a second until little is unsent, and return whether that is so."""
        until = time.monotonic() + _PATIENCE
        poll = select.poll()
        poll.register(self._socket, select.POLLOUT)
        while len(self._unsent) > MOST_UNSENT:
            left = until - time.monotonic()
            if left <= 0:
                return False
            poll.poll(max(1, left * 1000))
            self.flush()
        return True
