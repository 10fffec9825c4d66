"""Counting the rows that the database reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, event

from app.database.connection import DriverConnection
from tests.support.databases import connected

_COUNTS = """
    SELECT sum(t.seq_scan)::bigint, sum(t.seq_tup_read + t.idx_tup_fetch)::bigint,
           (SELECT sum(i.idx_tup_read)::bigint FROM pg_stat_user_indexes i WHERE i.relname = ANY (%(tables)s))
    FROM pg_stat_user_tables t WHERE t.relname = ANY (%(tables)s)
"""


@dataclass
class RowsRead:
    """The reads of the tables of nodes: sequential scans, rows, and entries of indexes."""

    scans: int = 0
    rows: int = 0
    entries: int = 0


@contextmanager
def rows_read(engine: Engine) -> Iterator[RowsRead]:
    """The reads of the engine's connections, complete when the context ends."""
    read = RowsRead()
    event.listen(engine, "checkin", _report)
    try:
        with connected(engine.url.render_as_string(hide_password=False)) as observer:
            observer.autocommit = True

            def counts() -> tuple[int, int, int]:
                row = observer.execute(_COUNTS, {"tables": ["node", "node_version"]}).fetchone()
                assert row is not None
                return row

            with engine.connect():
                """Report what this connection has read before."""
            before = counts()
            yield read
            read.scans, read.rows, read.entries = (after - first for after, first in zip(counts(), before, strict=True))
    finally:
        event.remove(engine, "checkin", _report)


def _report(connection: DriverConnection | None, *_: object) -> None:
    """Make the server add what the connection has read to its statistics, which it does only now and then by itself."""
    if connection is not None:
        connection.in_use = True  # an idle connection must respond within two seconds
        connection.execute("SELECT pg_stat_force_next_flush()")
        connection.commit()
        connection.in_use = False
