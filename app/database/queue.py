"""The tables of procrastinate's queue. They are created from the library's own SQL files, since a copy would drift.

A new database gets the schema of the installed library. A database with an older schema gets the missing migrations
that the installed library ships, in order (procrastinate, "Migrations": a file's name begins with the version that
needs it). The table `queue_migration` records the applied migrations.
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
    """Return the names of the migrations that the installed library ships, in order."""
    return tuple(sorted(file.stem for file in (_sql() / "migrations").glob("*.sql")))


def missing_migrations(connection: Connection) -> list[str]:
    """Return the migrations that the installed library ships and the database lacks, in order."""
    had = set(connection.execute(text("SELECT name FROM queue_migration")).scalars())
    return [name for name in shipped_migrations() if name not in had]


def applied_migrations(connection: Connection) -> list[str]:
    """Return the migrations that the database has, in order."""
    if connection.execute(text("SELECT to_regclass('queue_migration')")).scalar_one() is None:
        return []
    return list(connection.execute(text("SELECT name FROM queue_migration ORDER BY name")).scalars())


def unknown_migrations(connection: Connection) -> list[str]:
    """Return the migrations that the database has and the installed library does not ship, in order."""
    return [name for name in applied_migrations(connection) if name not in shipped_migrations()]


def migrate_queue(connection: Connection) -> None:
    """Create the tables, or apply the migrations that they lack, each in a transaction of its own."""
    missing = missing_migrations(connection)
    if len(missing) == len(shipped_migrations()):
        _execute(connection, _sql() / "schema.sql", missing)
        return
    for name in missing:
        _execute(connection, _sql() / "migrations" / f"{name}.sql", [name])


def library_version() -> str:
    """Return the version of the installed library."""
    return metadata.version(_LIBRARY)


def _execute(connection: Connection, file: Path, names: list[str]) -> None:
    connection.connection.cursor().execute(file.read_text(encoding="utf-8"))
    record = text("INSERT INTO queue_migration (name) SELECT unnest(CAST(:names AS text[]))")
    connection.execute(record, {"names": names})
    connection.commit()


def _sql() -> Path:
    """Return the directory of the library's SQL files. The library is not imported: most commands do not use it."""
    found = find_spec(_LIBRARY)
    if found is None or not found.submodule_search_locations:
        raise RuntimeError(f"{_LIBRARY} is not installed")
    return Path(found.submodule_search_locations[0]) / "sql"
