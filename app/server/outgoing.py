"""Sending a response to a client that may be slow to read it."""

from __future__ import annotations

import os
import select
import socket
import time
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from app.wire.storage import Storage

MOST_UNSENT: Final = 256 * 1024
"""How much of a response is kept in memory for a client that does not read it yet. The rest goes to a file."""
MOST_SPOOLED: Final = 1024**3
"""How much of all responses a process keeps in files; one network may have half of it."""

_PATIENCE = 0.5
_BLOCK = 64 * 1024
_AT_ONCE = 1024 * 1024


class SlowReaderError(OSError):
    """The client reads too slowly, and there is no room to keep the response for it."""


class Spool:
    """Where a process keeps those parts of responses that clients are slow to read."""

    def __init__(self, directory: Path | None, most: int = MOST_SPOOLED) -> None:
        self.directory = directory
        self.storage = Storage(most)


class _SpoolFile:
    """A file without a name that is written at its end and read from its beginning."""

    def __init__(self, spool: Spool, network: str) -> None:
        self._storage = spool.storage
        self._network = network
        try:
            self._file = TemporaryFile(buffering=0, dir=spool.directory)  # noqa: SIM115 - `close` closes it
        except OSError as error:
            raise _no_room(error) from error
        self._written = self._read = 0

    def write(self, data: memoryview) -> None:
        if not self._storage.take(self._network, len(data)):
            raise SlowReaderError("clients that are slow to read have too much in store")
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
        self._file.close()


def _no_room(error: OSError) -> SlowReaderError:
    return SlowReaderError(f"the client reads slowly, and the response cannot be kept in a file: {error.strerror}")


class Outgoing:
    """What gunicorn writes a response to.

    A thread waits at most half a second for its client. What the client has not read then goes to a file, from which
    the event loop sends it when the thread is done.
    """

    def __init__(self, connection: socket.socket, spool: Spool, network: str) -> None:
        self._socket = connection
        self._spool = spool
        self._network = network
        self._file: _SpoolFile | None = None
        self._unsent = bytearray()

    @property
    def has_unsent(self) -> bool:
        """Whether a part of the response is not sent."""
        return bool(self._unsent) or (self._file is not None and self._file.has_more)

    def sendall(self, data: bytes) -> None:
        """Send, or keep what the client does not take yet. Raises SlowReaderError, or OSError if the client is gone."""
        # A large block is taken in pieces, so that not more of it than that is kept in memory.
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
            self._file = _SpoolFile(self._spool, self._network)

    def flush(self) -> int:
        """Send what the client takes at once, within limits, and return how much that is."""
        total = self._sent()
        while not self._unsent and self._file is not None and self._file.has_more and total < _AT_ONCE:
            self._unsent += self._file.read()
            total += self._sent()
        return total

    def discard(self) -> None:
        """Drop what is not sent."""
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
        """Wait until little is unsent, at most half a second."""
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
