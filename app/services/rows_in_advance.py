"""Writes the rows of the response of a force while the database carries it out.

The plan determines the rows if nothing fails. A thread writes and compresses them, and they are discarded if the
result differs from the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.database.engine import snapshot
from app.garbage import collections_paused
from app.runs.kept_responses import compressed_in_advance
from app.services.call import Call
from app.services.response import Group, Written
from app.services.update_rows import read_rows
from app.updates.update import UpdateResult

_MANY = 250
"""For fewer rows, starting a thread takes longer than writing them."""

_log = structlog.get_logger("relink.updates")


class RowsInAdvance:
    """Writes the rows of an expected result in a thread. `rows` returns them if the result is the expected one."""

    def __init__(self, call: Call, threads: ThreadPoolExecutor) -> None:
        self._call = call
        self._threads = threads
        self._abandoned = Event()
        self._begun: tuple[UpdateResult, Future[tuple[list[bytes], int]]] | None = None

    def begin(self, expected: UpdateResult) -> None:
        """Begin to write the rows of an expected result, if there are many."""
        if self._begun is None and len(expected.updates) >= _MANY:
            self._begun = expected, self._threads.submit(self._write, expected)

    def rows(self, result: UpdateResult) -> tuple[Written, int] | None:
        """Return the `UpdateList` and the number of hidden rows, or None if they still have to be written."""
        if self._begun is None:
            return None
        expected, future = self._begun
        if result.cancelled or _rows_of(result) != _rows_of(expected):
            return None
        try:
            pieces, hidden = future.result()
        except (SQLAlchemyError, psycopg.Error) as error:
            _log.warning("rows were not written in advance", reason=type(error).__name__)
            return None
        return Written(pieces), hidden

    def abandon(self) -> None:
        """Stop writing rows, because they are not needed."""
        self._abandoned.set()

    def _write(self, expected: UpdateResult) -> tuple[list[bytes], int]:
        with snapshot(self._call.engine) as connection:
            rows = read_rows(connection, expected)
        groups = Group("UpdateList", self._until_abandoned(rows.groups()))
        with collections_paused():
            return list(compressed_in_advance(self._call.write_parts((groups,)))), rows.hidden

    def _until_abandoned(self, groups: Iterator[Group]) -> Iterator[Group]:
        for group in groups:
            if self._abandoned.is_set():
                return
            yield group


def _rows_of(result: UpdateResult) -> tuple[object, ...]:
    """Return everything that determines the rows of a result."""
    return result.updates, result.refusals, result.caller, result.done


@contextmanager
def rows_in_advance(call: Call) -> Iterator[RowsInAdvance]:
    """Yield rows that a thread writes. The thread ends with the context."""
    with ThreadPoolExecutor(1, thread_name_prefix="rows") as threads:
        rows = RowsInAdvance(call, threads)
        try:
            yield rows
        finally:
            rows.abandon()
