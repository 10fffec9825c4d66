"""The connection pool, and helpers for transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection as Session
from sqlalchemy import Dialect, Engine, PoolProxiedConnection, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from app.database.connection import Connection, Pulse, connected
from app.database.session import connection_arguments

DEFAULT_POOL_SIZE = 20
_POOL_TIMEOUT = 5
_AFTER_COMMIT = "relink.after_commit"


def make_engine(database_url: str, *, pool_size: int = DEFAULT_POOL_SIZE) -> Engine:
    """Return an engine for a PostgreSQL URL (`postgresql://...`), with psycopg 3 as its driver.

    Its connections have the settings of `app.database.session`, and notice a database that hangs.
    """
    engine = create_engine(
        make_url(database_url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT,
        pool_pre_ping=True,
        # Parameters may be password hashes and other secrets, which an error must not carry into a log.
        hide_parameters=True,
    )
    pulse = Pulse()

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Dialect, _record: object, _arguments: object, given: dict[str, Any]) -> Connection:
        return connected(given, pulse)

    _call_after_commits(engine)
    event.listen(engine, "checkout", _in_use)
    event.listen(engine, "checkin", _not_in_use)
    return engine


def after_commit(connection: Session, call: Callable[[], None]) -> None:
    """Call a function after the transaction of the connection has been committed, and not if the commit fails.

    SQLAlchemy's own `commit` event comes before the COMMIT, which can still fail.
    """
    connection.info.setdefault(_AFTER_COMMIT, []).append(call)


def _call_after_commits(engine: Engine) -> None:
    commit = engine.dialect.do_commit

    def do_commit(connection: PoolProxiedConnection) -> None:
        calls = connection.info.pop(_AFTER_COMMIT, ())
        commit(connection)
        for call in calls:
            call()

    engine.dialect.do_commit = do_commit  # type: ignore[method-assign, assignment]
    event.listen(engine, "rollback", _forget_calls)


def _forget_calls(connection: Session) -> None:
    # The calls of a lost connection are lost too.
    if not connection.invalidated:
        connection.info.pop(_AFTER_COMMIT, None)


def driver_arguments(engine: Engine) -> dict[str, Any]:
    """Return the arguments with which psycopg connects to the same database."""
    _, given = engine.dialect.create_connect_args(engine.url)
    return connection_arguments({name: value for name, value in given.items() if name != "context"})


def _in_use(connection: Connection, *_: object) -> None:
    connection.in_use = True


def _not_in_use(connection: Connection | None, *_: object) -> None:
    if connection is not None:
        connection.in_use = False


@contextmanager
def snapshot(engine: Engine) -> Iterator[Session]:
    """Begin a read-only transaction in which all reads see the same snapshot."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
        yield connection


def driver_connection(connection: Session) -> Connection:
    """Return the underlying psycopg connection, for COPY and for procedures that commit."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, Connection):
        raise TypeError(f"a connection of make_engine is needed, not {type(driver).__name__}")
    return driver


def refusal(error: DBAPIError) -> str:
    """Return why the database refused a statement, without values from the data: `UniqueViolation (23505)`."""
    state = error.orig.sqlstate if isinstance(error.orig, psycopg.Error) else None
    return f"{type(error.orig).__name__}{f' ({state})' if state else ''}"
