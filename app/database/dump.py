"""Dumps the schema of a store with all its rows, and restores a dump, with PostgreSQL's own programs."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import IO

from sqlalchemy import Connection, Engine, text

from app.database.client_programs import ClientPrograms, Connecting, running
from app.database.migrate import present_revision
from app.database.queue import applied_migrations
from app.database.sql_files import sql_file

_BLOCK = 256 * 1024
_WITH_TRANSACTION_TIMEOUT = 17
_CONTENT = text("""
    SELECT count(*) FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = oid AND deptype = 'e')
""")
_OTHERS = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
""")


@dataclass(frozen=True)
class StoreState:
    """What a dump has to know of a store: its server, its schema, and the migrations that were applied to it."""

    server_version: int
    schema: str
    revision: str | None
    queue_migrations: tuple[str, ...]
    relations: int
    other_sessions: int

    @classmethod
    def of(cls, connection: Connection) -> StoreState:
        """Read the state of the store in the schema of a connection."""
        version = int(str(connection.execute(text("SHOW server_version_num")).scalar_one()))
        schema = connection.execute(text("SELECT current_schema()")).scalar_one()
        return cls(
            version // 10_000,
            str(schema or ""),
            present_revision(connection),
            tuple(applied_migrations(connection)),
            int(connection.execute(_CONTENT).scalar_one()),
            int(connection.execute(_OTHERS).scalar_one()),
        )


def dump_database(engine: Engine, state: StoreState, programs: ClientPrograms, output: IO[bytes]) -> None:
    """Write the schema and the rows of a store, as of one moment, in the custom format of `pg_dump`.

    Steps of runs that are staged are left out: they belong to a process. Raises ClientProgramError.
    """
    connecting = Connecting(engine)
    command = programs.command(
        "pg_dump",
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        "--no-unlogged-table-data",
        f"--schema={_quoted(state.schema)}",
        connecting.option,
    )
    with running(command, connecting.environment, writes=True) as pg_dump:
        assert pg_dump.stdout is not None  # noqa: S101
        shutil.copyfileobj(pg_dump.stdout, output, _BLOCK)


def restore_database(engine: Engine, state: StoreState, programs: ClientPrograms, dump: IO[bytes]) -> None:
    """Restore what `dump_database` has written, in one transaction. What the schema has before is dropped.

    Raises ClientProgramError, and what reading the dump raises; the database is as before then.
    """
    connecting = Connecting(engine)
    psql = programs.command("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", connecting.option)
    with running(psql, connecting.environment, reads=True) as writer:
        assert writer.stdin is not None  # noqa: S101
        writer.stdin.write(_beginning(state.schema))
        with closing(_statements(state, programs, dump)) as statements:
            for block in statements:
                writer.stdin.write(block)
        # The end of its input without this, for whatever reason, lets psql end without a commit.
        writer.stdin.write(b"COMMIT;\n")


def _beginning(schema: str) -> bytes:
    statements = f"""
        SET default_transaction_read_only = off;
        SET client_connection_check_interval = '1s';
        SET search_path = {_quoted(schema)};
        BEGIN;
        {sql_file("app.database", "empty_schema")}
    """
    return statements.encode()


def _statements(state: StoreState, programs: ClientPrograms, dump: IO[bytes]) -> Generator[bytes]:
    """Yield the SQL of a dump. Raises ClientProgramError, and what reading the dump raises."""
    command = programs.command("pg_restore", "--no-owner", "--no-privileges", f"--schema={state.schema}", "--file=-")
    with running(command, reads=True, writes=True) as pg_restore, _fed(dump, pg_restore.stdin):
        assert pg_restore.stdout is not None  # noqa: S101
        block = pg_restore.stdout.read(_BLOCK)
        if state.server_version < _WITH_TRANSACTION_TIMEOUT:
            block = block.replace(b"SET transaction_timeout = 0;\n", b"", 1)
        while block:
            yield block
            block = pg_restore.stdout.read(_BLOCK)


@contextmanager
def _fed(source: IO[bytes], destination: IO[bytes] | None) -> Iterator[None]:
    """Copy a stream to another in a thread, and close it. Raises the error of the source when the context ends."""
    errors: list[BaseException] = []

    def copy() -> None:
        assert destination is not None  # noqa: S101
        try:
            with destination:
                shutil.copyfileobj(source, destination, _BLOCK)
        except BrokenPipeError:
            pass  # the program has failed, which its message explains
        except Exception as error:
            errors.append(error)

    thread = Thread(target=copy, daemon=True)
    thread.start()
    yield
    thread.join()
    if errors:
        raise errors[0]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
