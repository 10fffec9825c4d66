"""Limits how many short statements of a process wait for locks of other sessions, since each holds a thread.

An import and a freeze hold the locks of their nodes until they commit, which may take a minute. Clients that edit one
of these nodes meanwhile would otherwise take all threads of the service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from typing import Final, LiteralString

import psycopg
from psycopg.rows import TupleRow

RELATION: Final = "relation"
"""What a statement waits for if another session has locked a table. All other locks are of rows and transactions."""
_FEWEST = 2
_RECENT = 0.1
_WAITING: LiteralString = "SELECT pid, wait_event FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


class LockWaits:
    """The places of statements that wait, for all connections of a process to a server."""

    def __init__(self, places: int) -> None:
        self._free = max(places, _FEWEST)
        self._places = Lock()
        self._events: dict[int, str] = {}
        self._read_at = 0.0
        self._reading = Lock()

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Take a place while the context lasts. Yields whether there was one."""
        with self._places:
            has_place = self._free > 0
            self._free -= has_place
        try:
            yield has_place
        finally:
            with self._places:
                self._free += has_place

    def lock_of(self, process: int, open_: Callable[[], psycopg.Connection[TupleRow]]) -> str | None:
        """Return what kind of lock a process of the server waits for; None if it waits for none.

        Threads that ask at the same time share one query. Raises psycopg.Error if no connection can be opened.
        """
        with self._reading:
            if monotonic() - self._read_at > _RECENT:
                with open_() as connection:
                    self._events = dict(connection.execute(_WAITING).fetchall())
                self._read_at = monotonic()
            return self._events.get(process)
