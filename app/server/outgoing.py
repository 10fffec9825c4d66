"""Sending a response to a client that may be slow to read it."""

from __future__ import annotations

import select
import socket
import time
from threading import Semaphore
from typing import Final

from app.server.pace import Pace, Patience

MOST_UNSENT: Final = 256 * 1024
"""How much of a response is kept in memory for a client that does not read it yet. No thread waits for this rest."""

_PATIENCE = 0.5


class SlowReaderError(OSError):
    """The client reads too slowly for a thread to wait for it."""


class Outgoing:
    """What gunicorn writes a response to.

    A thread waits for its client only if much of the response is unsent: half a second, and longer only as one of
    `waiting`, which bounds how many threads do so.
    """

    def __init__(self, connection: socket.socket, pace: Pace, waiting: Semaphore) -> None:
        self._socket = connection
        self._waiting = waiting
        self._waited = 0.0
        # Time passes for the client only while the thread waits for it.
        self._patience = Patience(pace, now=0.0)
        self.unsent = bytearray()

    def sendall(self, data: bytes) -> None:
        """Send, or keep what the client does not take yet. Raises SlowReaderError, or OSError if the client is gone."""
        self.unsent += data
        self.flush()
        if len(self.unsent) > MOST_UNSENT:
            self._wait()

    def flush(self) -> int:
        """Send what the client takes at once, and return how much that is."""
        with memoryview(self.unsent) as view:
            sent = 0
            try:
                while sent < len(view):
                    sent += self._socket.send(view[sent:])
            except BlockingIOError:
                pass
        del self.unsent[:sent]
        self._patience.moved(sent, self._waited)
        return sent

    def _wait(self) -> None:
        if self._drained(_PATIENCE):
            return
        if not self._waiting.acquire(blocking=False):
            raise SlowReaderError("other clients that are slow to read take all the threads that may wait for them")
        try:
            if not self._drained(None):
                raise SlowReaderError("the client is too slow to read the response")
        finally:
            self._waiting.release()

    def _drained(self, seconds: float | None) -> bool:
        """Wait until little is unsent, for some seconds or as long as the client keeps its pace."""
        began = time.monotonic()
        poll = select.poll()
        poll.register(self._socket, select.POLLOUT)
        before = self._waited
        while len(self.unsent) > MOST_UNSENT:
            self._waited = before + time.monotonic() - began
            left = self._patience.deadline - self._waited
            if seconds is not None:
                left = min(left, began + seconds - time.monotonic())
            if left <= 0:
                return False
            poll.poll(max(1, min(left, 1.0) * 1000))
            self.flush()
        return True
