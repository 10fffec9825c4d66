"""Keeps track, for all connections of a process, of whether a database server responds."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Final, TypeVar

import psycopg
from psycopg.errors import ConnectionTimeout
from psycopg.rows import TupleRow as Row

_NEXT_ATTEMPT: Final = 1.0
Opened = TypeVar("Opened")


class DatabaseHangsError(psycopg.OperationalError):
    """The database did not respond in time. The connection is closed."""

    def __init__(self) -> None:
        super().__init__("the database does not respond")


class Pulse:
    """Keeps track of whether a server responds.

    While the server hangs, one thread at a time tries to connect, and the others get DatabaseHangsError at once, so
    that they do not hold up requests that need no database. A URL may name several servers. Each has its own `Pulse`;
    `whole` is the `Pulse` of the URL.
    """

    def __init__(self, whole: Pulse | None = None) -> None:
        self._whole = whole
        self._servers: dict[tuple[str, int], Pulse] = {}
        self.responded_at = 0.0
        """The time (`time.monotonic`) when the server last responded."""
        self._next_attempt_at: float | None = None
        self._attempt = Lock()
        self._check = Lock()

    def responded(self) -> None:
        """Note that the server has responded."""
        self.responded_at = monotonic()
        self._next_attempt_at = None
        if self._whole is not None:
            self._whole.responded()

    def of_server(self, address: tuple[str, int]) -> Pulse:
        """Return the Pulse of the server at an address, and create it if there is none."""
        return self._servers.setdefault(address, Pulse(self))

    def opened(self, open_: Callable[[], Opened]) -> Opened:
        """Open a connection. Raises DatabaseHangsError if the server is known to hang and another thread is trying."""
        next_attempt_at = self._next_attempt_at
        if next_attempt_at is None:
            return self._noted(open_)
        if monotonic() < next_attempt_at or not self._attempt.acquire(blocking=False):
            raise DatabaseHangsError
        try:
            return self._noted(open_)
        finally:
            self._attempt.release()

    def beats(self, since: float, open_: Callable[[], psycopg.Connection[Row]]) -> bool:
        """Return whether the server has responded to any connection since that time, or responds now."""
        with self._check:
            if self.responded_at > since:
                return True
            try:
                self.opened(open_).close()
            except (ConnectionTimeout, DatabaseHangsError):
                return False
            except psycopg.Error:
                return True
            return True

    def _noted(self, open_: Callable[[], Opened]) -> Opened:
        began = monotonic()
        try:
            connection = open_()
        except (ConnectionTimeout, DatabaseHangsError):
            self._note_failure(began)
            raise
        except psycopg.Error:
            self.responded()  # a server that refuses a connection is alive
            raise
        self.responded()
        return connection

    def _note_failure(self, since: float) -> None:
        # A response to another connection since then means that only this attempt was lost, not that the server hangs.
        if self.responded_at < since:
            self._next_attempt_at = monotonic() + _NEXT_ATTEMPT
        if self._whole is not None:
            self._whole._note_failure(since)
