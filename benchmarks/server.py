"""A database server of its own, and databases on it that can be copied."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow as Row

from app.database import embedded
from app.database.engine import make_engine
from app.database.migrate import migrate
from app.identity.users import add_user

USER, PASSWORD = "bench", "correct horse"


@contextmanager
def server() -> Iterator[str]:
    """Yield the URL of the server to measure on: the one that RELINK_DATABASE_URL names, or an embedded one."""
    given = os.environ.get("RELINK_DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="relink-bench-") as directory:
        Path(directory).chmod(0o755)
        try:
            yield embedded.start(Path(directory))
        finally:
            embedded.stop(Path(directory))


def in_database(url: str, name: str) -> str:
    """Return the URL of another database on the same server."""
    head, _, options = url.partition("?")
    return head.rpartition("/")[0] + f"/{name}" + (f"?{options}" if options else "")


def connect(url: str) -> psycopg.Connection[Row]:
    """Return an autocommit connection."""
    return psycopg.connect(url, autocommit=True)


def make_database(url: str, name: str, template: str | None = None) -> str:
    """Create a database, empty or as a copy, and return its URL. A database with the same name is dropped first."""
    with connect(url) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        copied = sql.SQL("" if template is None else " TEMPLATE {}").format(sql.Identifier(template or ""))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + copied)
        connection.execute("CHECKPOINT")
    return in_database(url, name)


def make_store(url: str, name: str) -> str:
    """Create an empty store with a user who may do everything, and return its URL."""
    store = make_database(url, name)
    engine = make_engine(store)
    migrate(engine)
    with engine.begin() as connection:
        add_user(connection, USER, PASSWORD, admin=True)
    engine.dispose()
    return store
