"""Databases for tests: copies of a template, which are restored and used again instead of being created again.

A copy takes the server a tenth of a second, and restoring its rows some milliseconds.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

_READY = 2
_WAIT_MILLISECONDS = 10_000
_MOST_GROWTH = 1.5

_numbers = count(1)

# Whatever changes the definition of something writes its row in the catalogue anew.
_DEFINITIONS = """
    SELECT md5(string_agg(about || ':' || id || ':' || xmin, ',' ORDER BY about, id, xmin::text))
    FROM (
        SELECT 'class' AS about, oid::text AS id, xmin FROM pg_class WHERE oid >= 16384
        UNION ALL SELECT 'attribute', attrelid || '.' || attnum, xmin FROM pg_attribute WHERE attrelid >= 16384
        UNION ALL SELECT 'constraint', oid::text, xmin FROM pg_constraint WHERE oid >= 16384
        UNION ALL SELECT 'index', indexrelid::text, xmin FROM pg_index WHERE indexrelid >= 16384
        UNION ALL SELECT 'trigger', oid::text, xmin FROM pg_trigger
        UNION ALL SELECT 'function', oid::text, xmin FROM pg_proc WHERE oid >= 16384
        UNION ALL SELECT 'type', oid::text, xmin FROM pg_type WHERE oid >= 16384
        UNION ALL SELECT 'schema', oid::text, xmin FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
        UNION ALL SELECT 'extension', oid::text, xmin FROM pg_extension
    ) AS definition
"""
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


@dataclass(frozen=True)
class Contents:
    """What a database holds: its definitions, its rows, the values of its sequences."""

    definitions: tuple[object, ...]
    size: int
    tables: list[tuple[sql.Identifier, bytes]]
    sequences: list[tuple[sql.Identifier, tuple[int, bool]]]


class Databases:
    """Copies of one template on one server. Only one thread of the caller uses it at a time."""

    def __init__(self, server_url: str, template: str) -> None:
        """The template must not change any more."""
        self._server_url = server_url
        self._template = template
        with connected(self.url(template)) as connection:
            self._contents = _contents(connection)
        self._thread = ThreadPoolExecutor(1)
        self._ready: deque[Future[str | None]] = deque()

    def url(self, name: str) -> str:
        """Returns the URL of a database on the server."""
        return url_of(self._server_url, name)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Yields the URL of a database that is as the template; nobody uses it when the context ends."""
        while len(self._ready) < _READY:
            self._ready.append(self._thread.submit(self._copy))
        name = self._ready.popleft().result() or self._copy()
        try:
            yield self.url(name)
        finally:
            self._ready.append(self._thread.submit(self._restored, name))

    def close(self) -> None:
        """Drops all copies."""
        for name in filter(None, (each.result() for each in self._ready)):
            self._drop(name)
        self._thread.shutdown()

    def _copy(self) -> str:
        name = f"relink_test_{os.getpid()}_{next(_numbers)}"
        execute(self._server_url, f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY wal_log")
        return name

    def _drop(self, name: str) -> None:
        execute(self._server_url, f"DROP DATABASE {name} WITH (FORCE)")

    def _restored(self, name: str) -> str | None:
        """Makes a database as the template is, and returns its name; None where it had to be dropped."""
        try:
            with connected(self.url(name)) as connection:
                if _restore(connection, self._contents):
                    return name
        except psycopg.Error:
            pass  # A test may have left a database that nobody can use.
        self._drop(name)
        return None


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


def _contents(connection: psycopg.Connection) -> Contents:
    tables = []
    for schema_and_name in connection.execute(_TABLES).fetchall():
        table = sql.Identifier(*schema_and_name)
        with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(table)) as copy:
            tables.append((table, b"".join(map(bytes, copy))))
    found = [sql.Identifier(*schema_and_name) for schema_and_name in connection.execute(_SEQUENCES).fetchall()]
    sequences = list(zip(found, _values(connection, found), strict=True))
    return Contents(_definitions(connection), _size(connection), tables, sequences)


def _restore(connection: psycopg.Connection, contents: Contents) -> bool:
    """Gives a database the contents; False where its definitions are others, or where it has become large."""
    connection.execute(_END_OTHERS, [_WAIT_MILLISECONDS])
    if _definitions(connection) != contents.definitions or _size(connection) > _MOST_GROWTH * contents.size:
        return False
    connection.execute("SET LOCAL session_replication_role = replica")  # no trigger, no foreign key
    has_rows = sql.SQL(", ").join(sql.SQL("EXISTS (SELECT FROM {})").format(table) for table, _ in contents.tables)
    found = connection.execute(sql.SQL("SELECT {}").format(has_rows)).fetchone()
    for (table, rows), filled in zip(contents.tables, found or (), strict=True):
        if filled:
            connection.execute(sql.SQL("DELETE FROM {}").format(table))
        if rows:
            with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
                copy.write(rows)
    present = _values(connection, [sequence for sequence, _ in contents.sequences])
    for (sequence, wanted), value in zip(contents.sequences, present, strict=True):
        if value != wanted:
            name = sql.Literal(sequence.as_string(connection))
            connection.execute(sql.SQL("SELECT setval({}, %s, %s)").format(name), wanted)
    return True


def _values(connection: psycopg.Connection, sequences: list[sql.Identifier]) -> list[tuple[int, bool]]:
    """The last value of each sequence, and whether it has been used."""
    one = sql.SQL("SELECT last_value, is_called FROM {}")
    query = sql.SQL(" UNION ALL ").join(one.format(sequence) for sequence in sequences)
    return connection.execute(query).fetchall()


def _definitions(connection: psycopg.Connection) -> tuple[object, ...]:
    return tuple(connection.execute(_DEFINITIONS).fetchone() or ()) + tuple(
        connection.execute(_SETTINGS).fetchone() or ()
    )


def _size(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0
