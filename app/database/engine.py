"""The connection pool, and the two kinds of transaction that the domain asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow as Row
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

__all__ = ["Row", "driver_connection", "make_engine", "refusal", "snapshot"]

_SESSION = (
    # Plans of our statements are short; compiling them costs more than it saves.
    "jit=off",
    "TimeZone=UTC",
    # The server ends a statement whose client has died. Without it, a run whose process was killed would work on
    # and hold its package until it is done. The check is one poll of the socket.
    "client_connection_check_interval=1s",
    # A client whose machine lost its power or its network sends no word of its end: probes find it in 30 seconds.
    "tcp_keepalives_idle=15",
    "tcp_keepalives_interval=5",
    "tcp_keepalives_count=3",
    "tcp_user_timeout=30s",
)


def make_engine(database_url: str, *, pool_size: int = 20) -> Engine:
    """An engine for a PostgreSQL URL (`postgresql://...`), with psycopg 3 as its driver."""
    url = make_url(database_url).set(drivername="postgresql+psycopg")
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        # Parameters may be password hashes and the like; an error must not carry them into a log.
        hide_parameters=True,
        connect_args={"options": " ".join(f"-c {setting}" for setting in _SESSION), "connect_timeout": 5},
    )


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A read-only transaction in which all reads see one and the same state."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
        yield connection


def driver_connection(connection: Connection) -> psycopg.Connection[Row]:
    """The psycopg connection underneath, for COPY and for procedures that commit."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"a psycopg connection is needed, not {type(driver).__name__}")
    return driver


def refusal(error: DBAPIError) -> str:
    """Why the database refused a statement, without what it says of the data: `UniqueViolation (23505)`."""
    state = error.orig.sqlstate if isinstance(error.orig, psycopg.Error) else None
    return f"{type(error.orig).__name__}{f' ({state})' if state else ''}"
