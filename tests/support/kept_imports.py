"""The rows that an import has written are kept, and are written again where another test begins with the same import.

Most tests begin with an import, and many with the same one, which takes far longer than it takes to write its rows.
In each process, the service does the first import of a document into a store with the same nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar, cast

from sqlalchemy import Connection, Engine

from app.database.connection import DriverConnection

T = TypeVar("T")

_MOST_BYTES: Final = 200_000
_MOST_VERSIONS: Final = 500
"""A larger document is imported each time, and so is each document into a store with more versions."""
LOOKING_AT_IMPORTS: Final = {"monkeypatch", "statements", "round_trips"}
"""Fixtures of tests that may look at what an import does, or change how it is done."""

# The columns with times have defaults, which are the time of the transaction as they are in an import.
_COLUMNS: Final = """
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = 'TABLE'::regclass AND attnum > 0 AND NOT attisdropped AND atttypid <> 'timestamptz'::regtype
"""
_STORE: Final = f"""
    SELECT current_setting('is_superuser') = 'on' AND {_MOST_VERSIONS} > (
               SELECT count(*) FROM (SELECT FROM node_version WHERE node_identifier > 1000 LIMIT {_MOST_VERSIONS}) AS v
           ),
           coalesce(pg_sequence_last_value('node_node_identifier_seq'), 1000),
           pg_snapshot_xmax(pg_current_snapshot())::text::bigint
"""
_ONLY_NEW_NODES: Final = """
    SELECT count(DISTINCT transaction::text) = 1 AND min(node_identifier) > %s
    FROM (
      SELECT xmin, node_identifier FROM node UNION ALL SELECT xmin, node_identifier FROM node_version
    ) AS written (transaction, node_identifier)
    WHERE transaction::text::bigint >= %s
"""


class _Rows(NamedTuple):
    """Rows of both tables, and the last identifier of a node."""

    nodes: bytes
    versions: bytes
    last_identifier: int


@dataclass(frozen=True)
class _Import:
    """What an import has written, and its response."""

    rows: _Rows
    response: object


_imports: dict[tuple[str, _Rows], _Import] = {}
_columns: dict[str, str] = {}
_are_kept = False


@contextmanager
def keeping() -> Iterator[None]:
    """Keep imports, as long as the context lasts."""
    global _are_kept  # noqa: PLW0603 - one test runs at a time
    _are_kept = True
    try:
        yield
    finally:
        _are_kept = False


def imported(engine: Engine, document: str, import_it: Callable[[], T]) -> T:
    """Return the response to an import of a document, which is imported unless its rows are known."""
    if not _are_kept or len(document) > _MOST_BYTES:
        return import_it()
    with engine.connect() as connection:
        session = _Session.of(connection)
        is_small, last, next_transaction = session.one(_STORE)
        known = (document, session.rows("node_identifier > 1000", last)) if is_small else None
        if known in _imports:
            session.write(_imports[known].rows)
            return cast("T", _imports[known].response)
    response = import_it()
    if known is not None:
        with engine.connect() as connection:
            session = _Session.of(connection)
            _, last_written, _ = session.one(_STORE)
            if session.one(_ONLY_NEW_NODES, last, next_transaction)[0]:
                rows = session.rows(f"xmin::text::bigint >= {next_transaction}", last_written)
                _imports[known] = _Import(rows, response)
    return response


@dataclass(frozen=True)
class _Session:
    connection: DriverConnection

    @classmethod
    def of(cls, connection: Connection) -> _Session:
        driver = connection.connection.driver_connection
        assert isinstance(driver, DriverConnection)
        return cls(driver)

    def one(self, query: str, *values: int) -> tuple[Any, ...]:
        row = self.connection.execute(query.encode(), values or None).fetchone()
        assert row is not None
        return row

    def rows(self, condition: str, last_identifier: int) -> _Rows:
        """Read the rows that meet a condition."""
        return _Rows(self._read("node", condition), self._read("node_version", condition), last_identifier)

    def write(self, rows: _Rows) -> None:
        """Write rows as they are, without the work of triggers."""
        self.connection.execute(b"SET LOCAL session_replication_role = replica")
        for table, written in (("node", rows.nodes), ("node_version", rows.versions)):
            with self.connection.cursor().copy(f"COPY {table} ({self._columns_of(table)}) FROM STDIN".encode()) as copy:
                copy.write(written)
        self.connection.execute(b"SELECT setval('node_node_identifier_seq', %s)", [rows.last_identifier])
        self.connection.commit()

    def _read(self, table: str, condition: str) -> bytes:
        query = f"COPY (SELECT {self._columns_of(table)} FROM {table} WHERE {condition}) TO STDOUT"
        with self.connection.cursor().copy(query.encode()) as copy:
            return b"".join(map(bytes, copy))

    def _columns_of(self, table: str) -> str:
        if table not in _columns:
            _columns[table] = str(self.one(_COLUMNS.replace("TABLE", table))[0])
        return _columns[table]
