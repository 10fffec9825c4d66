"""Counting the round trips to the database."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from psycopg.pq import Trace
from sqlalchemy import Engine, event

from app.database.connection import DriverConnection

_END = "ReadyForQuery"


class RoundTrips:
    """The round trips of an engine's connections.

    The server ends each response to a client that waits with one message: after a statement, after each BEGIN, COMMIT
    or ROLLBACK, and after a pipeline, however many statements it has. The trace of libpq shows these messages. The
    pings of the pool count too.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def counted(self) -> Iterator[list[int]]:
        """A list that has the number of round trips when the context ends."""
        counts: list[int] = []
        with tempfile.TemporaryFile() as file:

            def begin(connection: DriverConnection, *_: object) -> None:
                connection.pgconn.trace(file.fileno())
                connection.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)

            def end(connection: DriverConnection | None, *_: object) -> None:
                if connection is not None:
                    connection.pgconn.untrace()

            event.listen(self._engine, "checkout", begin)
            event.listen(self._engine, "checkin", end)
            try:
                yield counts
            finally:
                event.remove(self._engine, "checkout", begin)
                event.remove(self._engine, "checkin", end)
            counts.append(_ends(file))


def _ends(file: IO[bytes]) -> int:
    file.seek(0)
    return sum(_END in line.decode(errors="replace") for line in file)
