"""Injected faults: the connection is lost at the n-th statement, or the disk is full at the n-th write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text

_TABLES = ("node", "node_version", "run", "run_outcome", "run_step", "run_step_other", "run_response", "run_request")
_TRIGGERS = """
    CREATE SEQUENCE fault;
    CREATE TABLE fault_at (write bigint NOT NULL);
    INSERT INTO fault_at VALUES (0);
    CREATE FUNCTION fail_at() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('fault') = (SELECT write FROM fault_at) THEN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
      END IF;
      RETURN NULL;
    END $$;
"""


class LostConnections:
    """Closes the connection before the n-th statement that this process sends to a database, commits included."""

    def __init__(self, database: str | None, patch: pytest.MonkeyPatch) -> None:
        self._database = database
        self._fails_at: int | None = None
        self.count = 0
        for kind in (psycopg.Cursor, psycopg.ServerCursor):
            for method in ("execute", "executemany", "copy"):
                if method in vars(kind):
                    patch.setattr(kind, method, self._failing(vars(kind)[method]))
        patch.setattr(psycopg.Connection, "commit", self._failing(psycopg.Connection.commit))

    @contextmanager
    def at(self, number: int) -> Iterator[None]:
        """Fail at the statement with this number among those sent while the context lasts. 0 only counts them."""
        self.count, self._fails_at = 0, number
        yield
        self._fails_at = None

    def _failing(self, method: Any) -> Any:  # noqa: ANN401 - a method of psycopg
        def send(sender: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
            connection = sender if isinstance(sender, psycopg.Connection) else sender.connection
            if self._fails_at is not None and not connection.closed and connection.info.dbname == self._database:
                self.count += 1
                if self.count == self._fails_at:
                    connection.pgconn.finish()
            return method(sender, *arguments, **options)

        return send


class FullDisk:
    """Lets the n-th write of a row fail in the database, as on a full disk."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        triggers = "".join(
            f"CREATE TRIGGER fail_at AFTER INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION fail_at();"
            for table in _TABLES
        )
        with engine.begin() as connection:
            connection.connection.cursor().execute(_TRIGGERS + triggers)

    @property
    def count(self) -> int:
        """How many rows were written in the last context."""
        with self._engine.connect() as connection:
            return int(connection.execute(text("SELECT last_value FROM fault")).scalar_one())

    @contextmanager
    def at(self, number: int) -> Iterator[None]:
        """Fail at the write with this number among those made while the context lasts. 0 only counts them."""
        self._set(number)
        yield
        self._set(0, restart=False)

    def _set(self, number: int, *, restart: bool = True) -> None:
        with self._engine.begin() as connection:
            connection.execute(text("UPDATE fault_at SET write = :number"), {"number": number})
            if restart:
                connection.execute(text("ALTER SEQUENCE fault RESTART"))
