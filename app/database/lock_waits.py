"""Limits how many short statements of a process wait for locks that other sessions hold for long.

An import and a freeze hold the locks of their nodes until they commit, which may take a minute. Clients that edit one
of these nodes meanwhile would otherwise take all threads of the service. Statements that wait in turn for short
transactions are not limited: their locks are free soon.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from time import monotonic
from typing import Final, LiteralString

import psycopg
from psycopg.rows import TupleRow

from app.database.sql_files import sql_file

RELATION: Final = "relation"
"""What a statement waits for if another session has locked a table. All other locks are of rows and transactions."""
LONG: Final = 0.5
"""A transaction that others have waited for during this many seconds holds its locks for long."""
_FEWEST = 2
_RECENT = 0.1
_WAITING: LiteralString = sql_file("app.database", "lock_waits")
Transaction = tuple[int, object]
"""A process of the server and the time when its transaction began, or None if the role may not see the time."""


@dataclass(frozen=True)
class LockWait:
    """The lock that a statement waits for."""

    kind: str
    """The kind of lock as in `pg_stat_activity.wait_event`."""
    is_long: bool
    """Whether the transaction that is in the way holds its locks for long."""


class LockWaits:
    """The waits of the statements of a process, for all its connections to a server."""

    def __init__(self, places: int) -> None:
        """Let this many statements wait for locks that are held for long."""
        self._places = BoundedSemaphore(max(places, _FEWEST))
        self._reading = Lock()
        self._read_at = 0.0
        self._waits: dict[int, LockWait] = {}
        self._in_the_way: dict[Transaction, float] = {}
        """The transactions that others wait for, each with the time when that was first seen."""

    def take_place(self) -> bool:
        """Take a place to wait. Returns whether there was one."""
        return self._places.acquire(blocking=False)

    def give_back(self) -> None:
        """Give a place back."""
        self._places.release()

    def wait_of(self, process: int, since: float, open_: Callable[[], psycopg.Connection[TupleRow]]) -> LockWait | None:
        """Return the lock for which a process of the server has waited at some time after `since` (`time.monotonic`).

        Returns None if it did not wait for a lock. Threads that ask at the same time share one query. Raises
        psycopg.Error if no connection can be opened.
        """
        with self._reading:
            now = monotonic()
            if self._read_at <= since or now - self._read_at > _RECENT:
                with open_() as connection:
                    rows = connection.execute(_WAITING).fetchall()
                self._note(now, rows)
            return self._waits.get(process)

    def _note(self, now: float, rows: list[TupleRow]) -> None:
        """Note what the query has returned: see its file for the columns."""
        began = {process: began for process, began, _, _ in rows}
        waiting = {process: blockers for process, _, _, blockers in rows if blockers is not None}
        ahead = {each for blockers in waiting.values() for each in blockers if each not in waiting}
        self._in_the_way = {
            (each, began.get(each)): self._in_the_way.get((each, began.get(each)), now) for each in ahead
        }
        long = {process for (process, _), first_seen in self._in_the_way.items() if now - first_seen >= LONG}
        behind = set(long)
        while more := {each for each, blockers in waiting.items() if each not in behind and behind & set(blockers)}:
            behind |= more
        self._waits = {process: LockWait(kind, process in behind) for process, _, kind, _ in rows if kind is not None}
        self._read_at = now
