"""Databases for tests: copies of a template, which are restored and used again instead of being created again.

A copy takes the server a tenth of a second, and restoring its rows some milliseconds. The connections that a test
leaves behind serve the next test on the same database: a new one costs the server another hundredth of a second, and
then it has to read the catalogue, plan every statement and compile every procedure again.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from app.database.connection import DriverConnection
from app.database.engine import make_engine
from tests.support.restoring import COUNT, Contents, Copy, read_contents, restore

_READY = 2
_MOST_LEFT = 4

_FORGET_SESSION = "SELECT pg_advisory_unlock_all(); UNLISTEN *; CLOSE ALL"

_numbers = count(1)
_engines: dict[str, Engine] = {}
"""The engines of earlier tests, by the URL of their database, with some idle connections."""


class Databases:
    """Copies of one template on one server. Only one thread of the caller uses it at a time."""

    def __init__(self, server_url: str, template: str) -> None:
        """Take the databases from a template, which must not change any more."""
        self._server_url = server_url
        self._template = template
        with connected(self.url(template)) as connection:
            self._contents = read_contents(connection)
        self._thread = ThreadPoolExecutor(1)
        self._ready: deque[Future[Copy | None]] = deque()

    def url(self, name: str) -> str:
        """Return the URL of a database on the server."""
        return url_of(self._server_url, name)

    @contextmanager
    def fresh(self, *, connected: bool = False) -> Iterator[str]:
        """Yield the URL of a database that equals the template. Nobody may use it when the context ends.

        Nobody is connected to it, unless `connected` allows a connection for `engine_on`.
        """
        while len(self._ready) < _READY:
            self._ready.append(self._thread.submit(self._copy))
        copy = self._ready.popleft().result() or self._copy()
        url = self.url(copy.name)
        if not connected:
            _close_connections(url)
        try:
            yield url
        finally:
            self._ready.append(self._thread.submit(self._restored, copy))

    def close(self) -> None:
        """Drop all copies."""
        for copy in filter(None, (each.result() for each in self._ready)):
            self._drop(copy)
        self._thread.shutdown()

    def _copy(self) -> Copy:
        name = f"relink_test_{os.getpid()}_{next(_numbers)}"
        execute(self._server_url, f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY wal_log")
        return Copy(name, self._contents.next_transaction)

    def _drop(self, copy: Copy) -> None:
        _close_connections(self.url(copy.name))
        _engines.pop(self.url(copy.name), None)
        execute(self._server_url, f"DROP DATABASE {copy.name} WITH (FORCE)")

    def _restored(self, copy: Copy) -> Copy | None:
        """Restore a database to the template. Returns None if it had to be dropped."""
        with suppress(psycopg.Error):  # A test may have left a database that nobody can use.
            url = self.url(copy.name)
            if _restored_by_engine(url, copy, self._contents):
                return copy
            _close_connections(url)
            with connected(url) as connection:
                if restore(connection, copy, self._contents):
                    return copy
        self._drop(copy)
        return None


@contextmanager
def empty_database(server_url: str) -> Iterator[str]:
    """Lends a database without any migration, and yields its URL."""
    name = f"relink_empty_{os.getpid()}_{next(_numbers)}"
    execute(server_url, f"CREATE DATABASE {name}")
    try:
        yield url_of(server_url, name)
    finally:
        execute(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def engine_on(url: str) -> Iterator[Engine]:
    """An engine on a fresh database. It may have connections that an earlier test has left behind."""
    engine = _engines.get(url)
    if engine is None:
        engine = _engines[url] = make_engine(url, pool_size=10)
        # Otherwise the requests of a test would take turns on all connections, each of which has to plan them.
        engine.pool._pool.use_lifo = True  # type: ignore[attr-defined]
    try:
        yield engine
    finally:
        pool = engine.pool
        if pool.checkedout() or pool.checkedin() > _MOST_LEFT:  # type: ignore[attr-defined]
            engine.dispose()


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    """A connection without any setting of ours."""
    with psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)) as found:
        yield found


def url_of(server_url: str, database: str) -> str:
    """Return the URL of a database on a server."""
    return make_url(server_url).set(database=database).render_as_string(hide_password=False)


def execute(url: str, statement: str) -> None:
    """Execute a statement outside any transaction."""
    with connected(url) as connection:
        connection.autocommit = True
        connection.execute(statement.encode())


def _close_connections(url: str) -> None:
    if url in _engines:
        _engines[url].dispose()


def _restored_by_engine(url: str, copy: Copy, contents: Contents) -> bool:
    """Restores a database by connections that a test has left behind; False if there are none of use."""
    if url not in _engines:
        return False
    pooled: list[PoolProxiedConnection] = []
    try:
        for _ in range(_engines[url].pool.checkedin()):  # type: ignore[attr-defined]
            pooled.append(_engines[url].raw_connection())
        sessions = [_forgotten(each) for each in pooled]
        if not sessions or not restore(sessions[0], copy, contents, [each.info.backend_pid for each in sessions]):
            return False
        sessions[0].commit()
    except (psycopg.Error, SQLAlchemyError):
        return False
    finally:
        for each in reversed(pooled):
            each.close()
    return all(each.info.transaction_status == TransactionStatus.IDLE for each in sessions)


def _forgotten(pooled: PoolProxiedConnection) -> DriverConnection:
    """Make a session forget what a test has left in it."""
    session = pooled.driver_connection
    assert isinstance(session, DriverConnection)
    session.rollback()
    session.execute(_FORGET_SESSION)
    session.restore_settings()
    session.execute(COUNT)
    session.commit()
    return session
