"""The tables of the queue. They are procrastinate's own: we keep no copy of its SQL, which would drift from the code.

A new database gets the schema of the installed library; one that has it gets the migrations that the installed
library ships and it has not had, in their order (procrastinate, "Migrations": a file's name begins with the version
that needs it). `queue_migration` says which those are.
"""

from __future__ import annotations

from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection, text

_LIBRARY = "procrastinate"


@cache
def shipped_migrations() -> tuple[str, ...]:
    """The names of the migrations that the installed library ships, in order."""
    return tuple(sorted(file.stem for file in (_sql() / "migrations").glob("*.sql")))


def missing_migrations(connection: Connection) -> list[str]:
    """Those that the installed library ships and the database has not had, in order."""
    had = set(connection.execute(text("SELECT name FROM queue_migration")).scalars())
    return [name for name in shipped_migrations() if name not in had]


def unknown_migrations(connection: Connection) -> list[str]:
    """Those that the database has had and the installed library does not ship, in order."""
    if connection.execute(text("SELECT to_regclass('queue_migration')")).scalar_one() is None:
        return []
    had = connection.execute(text("SELECT name FROM queue_migration ORDER BY name")).scalars()
    return [name for name in had if name not in shipped_migrations()]


def migrate_queue(connection: Connection) -> None:
    """Make the tables, or apply the migrations that they lack, each in a transaction of its own."""
    missing = missing_migrations(connection)
    if len(missing) == len(shipped_migrations()):
        _execute(connection, _sql() / "schema.sql", missing)
        return
    for name in missing:
        _execute(connection, _sql() / "migrations" / f"{name}.sql", [name])


def library_version() -> str:
    """The version of the installed library."""
    return metadata.version(_LIBRARY)


def _execute(connection: Connection, file: Path, names: list[str]) -> None:
    connection.connection.cursor().execute(file.read_text(encoding="utf-8"))
    record = text("INSERT INTO queue_migration (name) SELECT unnest(CAST(:names AS text[]))")
    connection.execute(record, {"names": names})
    connection.commit()


def _sql() -> Path:
    """The library's SQL files, found without importing it: most commands have no other use for it."""
    found = find_spec(_LIBRARY)
    if found is None or not found.submodule_search_locations:
        raise RuntimeError(f"{_LIBRARY} is not installed")
    return Path(found.submodule_search_locations[0]) / "sql"
