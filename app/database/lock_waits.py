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
_REST = 2.0
_LONGEST_REST = 1.0
"""The server is asked again after `_RECENT` seconds, or after `_REST` times the duration of the last query if that is
longer, but after `_LONGEST_REST` seconds at the latest."""
_WAITING: LiteralString = sql_file("app.database", "lock_waits")
Connect = Callable[[], psycopg.Connection[TupleRow]]
Transaction = tuple[int, object]
"""A server process and the time when its transaction began, or None if the role may not see the time."""


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
        self._asking = Lock()
        self._ask_again_at = 0.0
        self._asked_at = 0.0
        self._waits: dict[int, LockWait] = {}
        self._in_the_way: dict[Transaction, float] = {}
        """The transactions that others wait for, each with the time when that was first seen."""

    def take_place(self) -> bool:
        """Take a place to wait. Returns whether there was one."""
        return self._places.acquire(blocking=False)

    def give_back(self) -> None:
        """Give a place back."""
        self._places.release()

    def wait_of(self, process: int, since: float) -> LockWait | None:
        """Return the lock for which a server process has waited at some time after `since` (`time.monotonic`).

        Returns None if it did not wait for a lock, or that is not known.
        """
        return self._waits.get(process) if self._asked_at > since else None

    def ask(self, connect: Connect) -> bool:
        """Ask the server which of its processes wait for locks, on a new connection. Returns whether it was asked.

        It is not asked if another thread is asking or has just asked. So no statement waits for the query of another
        thread.
        """
        if monotonic() < self._ask_again_at or not self._asking.acquire(blocking=False):
            return False
        try:
            self._ask(connect)
        finally:
            self._asking.release()
        return True

    def _ask(self, connect: Connect) -> None:
        asked_at = monotonic()
        try:
            with connect() as connection:
                rows = connection.execute(_WAITING).fetchall()
            self._note(rows, asked_at, monotonic())
        except psycopg.Error:
            pass  # The result of the last query is still true of the statements that had begun by then.
        now = monotonic()
        self._ask_again_at = now + min(max(_RECENT, _REST * (now - asked_at)), _LONGEST_REST)

    def _note(self, rows: list[TupleRow], asked_at: float, now: float) -> None:
        """Keep the result of a query that ran between these times. The file of the query explains its columns."""
        # Where the start of a transaction is hidden, the same process may have begun another one meanwhile.
        is_recent = asked_at - self._asked_at < 2 * LONG
        known = {each: at for each, at in self._in_the_way.items() if is_recent or each[1] is not None}
        began = {process: began for process, began, _, _ in rows}
        waiting = {process: blockers for process, _, _, blockers in rows if blockers is not None}
        ahead = {(each, began.get(each)) for blockers in waiting.values() for each in blockers if each not in waiting}
        self._in_the_way = {each: known.get(each, now) for each in ahead}
        behind = {process for (process, _), first_seen in self._in_the_way.items() if asked_at - first_seen >= LONG}
        while more := {each for each, blockers in waiting.items() if each not in behind and behind & set(blockers)}:
            behind |= more
        self._waits = {process: LockWait(kind, process in behind) for process, _, kind, _ in rows if kind is not None}
        self._asked_at = asked_at
