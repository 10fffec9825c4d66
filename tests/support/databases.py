"""Databases for tests: copies of a template, which are restored and used again instead of being created again.

A copy takes the server a tenth of a second, and restoring its rows some milliseconds. A connection that a test leaves
behind serves the next test on the same database: a new one costs the server another hundredth of a second, and then it
has to read the catalogue, plan every statement and compile every procedure again.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from app.database.connection import Connection
from app.database.engine import make_engine

_READY = 2
_WAIT_MILLISECONDS = 10_000
_MOST_GROWTH = 1.5

_numbers = count(1)

# Whatever changes a definition writes its row in the catalogue anew, and whatever removes one removes its row.
_DEFINITIONS = " UNION ALL ".join(
    f"SELECT count(*), max(xmin::text::bigint) FROM {catalogue} WHERE {condition}"
    for catalogue, condition in (
        ("pg_class", "oid >= 16384"),
        ("pg_attribute", "attrelid >= 16384"),
        ("pg_constraint", "oid >= 16384"),
        ("pg_index", "indexrelid >= 16384"),
        ("pg_trigger", "true"),
        ("pg_proc", "oid >= 16384"),
        ("pg_type", "oid >= 16384"),
        ("pg_namespace", "nspname !~ '^pg_(toast_)?temp_'"),
        ("pg_extension", "true"),
    )
)
_SETTINGS = """
    SELECT (SELECT count(*) FROM pg_db_role_setting WHERE setdatabase = oid), datallowconn, datconnlimit, datacl::text
    FROM pg_database WHERE datname = current_database()
"""
_SEQUENCES = "SELECT schemaname, sequencename FROM pg_sequences"
_TABLES = """
    SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""
_END_OTHERS = """
    SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_FORGET_SESSION = "SELECT pg_advisory_unlock_all(); UNLISTEN *; CLOSE ALL"
_NEXT_TRANSACTION = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"

_left_connections: dict[str, Connection] = {}
"""The connections that tests have left behind, by the URL of their database."""


@dataclass(frozen=True)
class Table:
    """A table, and the rows that it has in the template."""

    name: sql.Identifier
    count: int
    rows: bytes


@dataclass(frozen=True)
class Contents:
    """What a database holds: its definitions, its rows, the values of its sequences."""

    definitions: list[tuple[object, ...]]
    size: int
    tables: list[Table]
    sequences: list[tuple[sql.Identifier, tuple[int, bool]]]
    next_transaction: int


@dataclass
class Copy:
    """A copy of the template. Rows of transactions from `next_transaction` on are not those of the template."""

    name: str
    next_transaction: int


class Databases:
    """Copies of one template on one server. Only one thread of the caller uses it at a time."""

    def __init__(self, server_url: str, template: str) -> None:
        """The template must not change any more."""
        self._server_url = server_url
        self._template = template
        with connected(self.url(template)) as connection:
            self._contents = _contents(connection)
        self._thread = ThreadPoolExecutor(1)
        self._ready: deque[Future[Copy | None]] = deque()

    def url(self, name: str) -> str:
        """Returns the URL of a database on the server."""
        return url_of(self._server_url, name)

    @contextmanager
    def fresh(self, *, connected: bool = False) -> Iterator[str]:
        """Yields the URL of a database that is as the template; nobody uses it when the context ends.

        Nobody is connected to it, unless `connected` allows a connection for `engine_on`.
        """
        while len(self._ready) < _READY:
            self._ready.append(self._thread.submit(self._copy))
        copy = self._ready.popleft().result() or self._copy()
        url = self.url(copy.name)
        if not connected:
            _close_left(url)
        try:
            yield url
        finally:
            self._ready.append(self._thread.submit(self._restored, copy))

    def close(self) -> None:
        """Drops all copies."""
        for copy in filter(None, (each.result() for each in self._ready)):
            self._drop(copy)
        self._thread.shutdown()

    def _copy(self) -> Copy:
        name = f"relink_test_{os.getpid()}_{next(_numbers)}"
        execute(self._server_url, f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY wal_log")
        return Copy(name, self._contents.next_transaction)

    def _drop(self, copy: Copy) -> None:
        _close_left(self.url(copy.name))
        execute(self._server_url, f"DROP DATABASE {copy.name} WITH (FORCE)")

    def _restored(self, copy: Copy) -> Copy | None:
        """Makes a database as the template is, and returns it; None where it had to be dropped."""
        with suppress(psycopg.Error):  # A test may have left a database that nobody can use.
            url = self.url(copy.name)
            left = _left_connections.get(url)
            if left is not None and _restored_by(left, copy, self._contents):
                return copy
            _close_left(url)
            with connected(url) as connection:
                if _restore(connection, copy, self._contents):
                    return copy
        self._drop(copy)
        return None


@contextmanager
def engine_on(url: str) -> Iterator[Engine]:
    """An engine on a fresh database. Its first connection may be one that an earlier test has left behind."""
    engine = make_engine(url, pool_size=10)

    @event.listens_for(engine, "do_connect", insert=True)
    def connect(*_: Any) -> Connection | None:  # noqa: ANN401
        left = _left_connections.pop(url, None)
        return left if left is not None and not left.closed else None

    try:
        yield engine
    finally:
        with suppress(SQLAlchemyError, psycopg.Error):
            _leave_connection(engine, url)
        engine.dispose()


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    """A connection without any setting of ours."""
    with psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)) as found:
        yield found


def url_of(server_url: str, database: str) -> str:
    """Returns the URL of a database on a server."""
    return make_url(server_url).set(database=database).render_as_string(hide_password=False)


def execute(url: str, statement: str) -> None:
    """Executes a statement outside any transaction."""
    with connected(url) as connection:
        connection.autocommit = True
        connection.execute(statement.encode())


def _leave_connection(engine: Engine, url: str) -> None:
    """Takes an idle connection out of the pool, if there is one, and leaves it to the next test."""
    if not engine.pool.checkedin():  # type: ignore[attr-defined]
        return
    pooled = engine.raw_connection()
    driver = pooled.driver_connection
    pooled.detach()
    if isinstance(driver, Connection):
        _close_left(url)
        _left_connections[url] = driver


def _close_left(url: str) -> None:
    left = _left_connections.pop(url, None)
    if left is not None:
        left.close()


def _restored_by(left: Connection, copy: Copy, contents: Contents) -> bool:
    """Restores a database by a connection that a test has left behind; False if the connection is of no use."""
    try:
        left.in_use = True  # otherwise its statements must be trivial
        left.rollback()
        left.execute(_FORGET_SESSION)
        left.restore_settings()
        if not _restore(left, copy, contents):
            return False
        left.commit()
        left.in_use = False
    except psycopg.Error:
        return False
    return left.info.transaction_status == TransactionStatus.IDLE


def _contents(connection: psycopg.Connection) -> Contents:
    tables = []
    for schema_and_name in connection.execute(_TABLES).fetchall():
        table = sql.Identifier(*schema_and_name)
        with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(table)) as copy:
            rows = b"".join(map(bytes, copy))
        tables.append(Table(table, rows.count(b"\n"), rows))
    found = [sql.Identifier(*schema_and_name) for schema_and_name in connection.execute(_SEQUENCES).fetchall()]
    sequences = list(zip(found, _values(connection, found), strict=True))
    next_transaction = int(_one(connection, _NEXT_TRANSACTION))
    return Contents(_definitions(connection), _size(connection), tables, sequences, next_transaction)


def _restore(connection: psycopg.Connection, copy: Copy, contents: Contents) -> bool:
    """Gives a copy the contents; False where its definitions are others, or where it has become large."""
    connection.execute(_END_OTHERS, [_WAIT_MILLISECONDS])
    if _definitions(connection) != contents.definitions or _size(connection) > _MOST_GROWTH * contents.size:
        return False
    connection.execute("SET LOCAL session_replication_role = replica")  # no trigger, no foreign key
    for table, (present, newer) in zip(contents.tables, _counts(connection, copy, contents), strict=True):
        _restore_table(connection, table, copy, all_there=present - newer == table.count, newer=newer)
    values = _values(connection, [sequence for sequence, _ in contents.sequences])
    for (sequence, wanted), value in zip(contents.sequences, values, strict=True):
        if value != wanted:
            name = sql.Literal(sequence.as_string(connection))
            connection.execute(sql.SQL("SELECT setval({}, %s, %s)").format(name), wanted)
    copy.next_transaction = int(_one(connection, "SELECT pg_current_xact_id()::text::bigint + 1"))
    return True


def _counts(connection: psycopg.Connection, copy: Copy, contents: Contents) -> list[tuple[int, int]]:
    """The number of rows of each table, and how many of them are not of the template."""
    one = sql.SQL("SELECT count(*), count(*) FILTER (WHERE xmin::text::bigint >= %(next)s) FROM {}")
    query = sql.SQL(" UNION ALL ").join(one.format(table.name) for table in contents.tables)
    return connection.execute(query, {"next": copy.next_transaction}, prepare=True).fetchall()


def _restore_table(connection: psycopg.Connection, table: Table, copy: Copy, *, all_there: bool, newer: int) -> None:
    if all_there and not newer:
        return
    if all_there:
        query = sql.SQL("DELETE FROM {} WHERE xmin::text::bigint >= %s").format(table.name)
        connection.execute(query, [copy.next_transaction])
        return
    connection.execute(sql.SQL("DELETE FROM {}").format(table.name))
    if table.rows:
        with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(table.name)) as rows:
            rows.write(table.rows)


def _values(connection: psycopg.Connection, sequences: list[sql.Identifier]) -> list[tuple[int, bool]]:
    """The last value of each sequence, and whether it has been used."""
    one = sql.SQL("SELECT last_value, is_called FROM {}")
    query = sql.SQL(" UNION ALL ").join(one.format(sequence) for sequence in sequences)
    return connection.execute(query, prepare=True).fetchall()


def _definitions(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    definitions = connection.execute(_DEFINITIONS, prepare=True).fetchall()
    return [*definitions, *connection.execute(_SETTINGS, prepare=True).fetchall()]


def _size(connection: psycopg.Connection) -> int:
    return int(_one(connection, "SELECT pg_database_size(current_database())"))


def _one(connection: psycopg.Connection, query: str) -> Any:  # noqa: ANN401
    row = connection.execute(query.encode(), prepare=True).fetchone()
    return row[0] if row else 0
