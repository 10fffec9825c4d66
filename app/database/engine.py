"""The connection pool, and helpers for transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import Cursor
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from sqlalchemy import Connection, Dialect, Engine, PoolProxiedConnection, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from app.database.connection import DriverConnection, connected
from app.database.lock_waits import LockWaits
from app.database.pulse import Pulse
from app.database.session import connection_arguments

DEFAULT_POOL_SIZE = 20
_POOL_TIMEOUT = 5
_AFTER_COMMIT = "relink.after_commit"


def make_engine(database_url: str, *, pool_size: int = DEFAULT_POOL_SIZE) -> Engine:
    """Return an engine for a PostgreSQL URL (`postgresql://...`), with psycopg 3 as its driver.

    Its connections have the settings of `app.database.session`, and notice a database that hangs. At most a quarter of
    them wait for a lock in a short request.
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
    pulse, lock_waits = Pulse(), LockWaits(pool_size // 4)

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Dialect, _record: object, _arguments: object, given: dict[str, Any]) -> DriverConnection:
        return connected(given, pulse, lock_waits)

    _call_after_commits(engine)
    _ping_only_idle_connections(engine)
    event.listen(engine, "checkout", _in_use)
    event.listen(engine, "checkin", _not_in_use)
    return engine


def after_commit(connection: Connection, call: Callable[[], None]) -> None:
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


def _ping_only_idle_connections(engine: Engine) -> None:
    """Save the round trip of the pool's ping for connections that were used a moment ago."""
    ping = engine.dialect.do_ping

    def do_ping(connection: DriverConnection) -> bool:
        return connection.was_used_just_now or ping(connection)  # type: ignore[arg-type]

    engine.dialect.do_ping = do_ping  # type: ignore[method-assign, assignment]


def _forget_calls(connection: Connection) -> None:
    # The calls of a lost connection are lost too.
    if not connection.invalidated:
        connection.info.pop(_AFTER_COMMIT, None)


def driver_arguments(engine: Engine) -> dict[str, Any]:
    """Return the arguments with which psycopg connects to the same database."""
    _, given = engine.dialect.create_connect_args(engine.url)
    return connection_arguments({name: value for name, value in given.items() if name != "context"})


def _in_use(connection: DriverConnection, *_: object) -> None:
    connection.in_use = True


def _not_in_use(connection: DriverConnection | None, record: ConnectionPoolEntry) -> None:
    if connection is not None and connection.is_large:
        record.invalidate()
    elif connection is not None:
        connection.note_use()
        connection.in_use = False
        if not connection.closed:
            connection.autocommit = False  # `execute_first` turns it on


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Begin a read-only transaction in which all reads see the same snapshot.

    The transaction is committed at the end, because psycopg forgets the prepared statements of a connection at a
    rollback.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
        try:
            yield connection
        finally:
            if not connection.invalidated:
                driver = driver_connection(connection)
                if driver.info.transaction_status == TransactionStatus.INTRANS:
                    driver.commit()


@contextmanager
def single_statements(engine: Engine) -> Iterator[DriverConnection]:
    """Yield a psycopg connection on which each statement is a transaction of its own, and takes one round trip.

    Statements must not depend on each other, because each sees a snapshot of its own.
    """
    pooled = engine.raw_connection()
    driver = pooled.driver_connection
    if not isinstance(driver, DriverConnection):
        raise TypeError(f"a connection of make_engine is needed, not {type(driver).__name__}")
    driver.autocommit = True
    try:
        yield driver
    finally:
        if driver.closed:
            pooled.invalidate()
        pooled.close()


@contextmanager
def short_transaction(connection: Connection) -> Iterator[None]:
    """Begin a transaction whose first statement is `prepared(..., first=True)`, and commit it at the end.

    Statements before the first one would not be part of the transaction.
    """
    try:
        with connection.begin():
            yield
    finally:
        if not connection.invalidated:
            driver = driver_connection(connection)
            if not driver.closed:
                driver.autocommit = False  # `execute_first` turns it on


@contextmanager
def sent_together(connection: Connection) -> Iterator[None]:
    """Send the statements that `prepared` executes in one round trip. Their results are not read before the end.

    Raises the errors of SQLAlchemy, as its own statements do.
    """
    driver = driver_connection(connection)
    try:
        with driver.pipeline():
            yield
    except psycopg.Error as error:
        raise _wrapped(connection, None, error) from error


def driver_connection(connection: Connection) -> DriverConnection:
    """Return the underlying psycopg connection, for COPY and for procedures that commit."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, DriverConnection):
        raise TypeError(f"a connection of make_engine is needed, not {type(driver).__name__}")
    return driver


def prepared(
    connection: Connection, statement: LiteralString, parameters: Mapping[str, object], *, first: bool = False
) -> Cursor[TupleRow]:
    """Execute a statement of a hot path, prepared once for each connection, without the cost of SQLAlchemy's layers.

    Parameters are written as `%(name)s`. The `first` statement of a transaction is sent together with its BEGIN, in one
    round trip. Raises the errors of SQLAlchemy, as its own statements do.
    """
    driver = driver_connection(connection)
    try:
        return (
            driver.execute_first(statement, parameters)
            if first
            else driver.execute(statement, parameters, prepare=True)
        )
    except psycopg.Error as error:
        raise _wrapped(connection, statement, error) from error


def procedure(connection: Connection, statement: LiteralString, parameters: Mapping[str, object]) -> tuple[Any, ...]:
    """Call a procedure that commits, and return its row. The connection must not be in a transaction.

    Raises the errors of SQLAlchemy, as its own statements do.
    """
    driver = driver_connection(connection)
    driver.autocommit = True
    try:
        row = driver.execute(statement, parameters).fetchone()
    except psycopg.Error as error:
        raise _wrapped(connection, statement, error) from error
    finally:
        if not driver.closed:
            driver.autocommit = False
    return row or ()


def _wrapped(connection: Connection, statement: str | None, error: psycopg.Error) -> Exception:
    """Return an error of psycopg as SQLAlchemy raises it."""
    lost = driver_connection(connection).closed
    if lost:
        connection.invalidate(error)
    return DBAPIError.instance(statement, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=lost)


def database_error(sqlstate: str) -> DBAPIError:
    """Return the error that SQLAlchemy raises when the database reports this SQLSTATE."""
    try:
        error = psycopg.errors.lookup(sqlstate)
    except KeyError:
        error = psycopg.DatabaseError
    return DBAPIError("", None, error(), hide_parameters=True)


def refusal(error: DBAPIError) -> str:
    """Return why the database refused a statement, without values from the data: `UniqueViolation (23505)`."""
    state = error.orig.sqlstate if isinstance(error.orig, psycopg.Error) else None
    return f"{type(error.orig).__name__}{f' ({state})' if state else ''}"
