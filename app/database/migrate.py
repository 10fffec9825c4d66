"""Migrates a database to the schema that this program expects, and checks its schema.

Alembic is imported only to apply migrations. It loads the dialects of all databases, which would take a quarter of the
time that a command needs to start.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from app.database.queue import library_version, migrate_queue, missing_migrations, unknown_migrations
from app.database.routines import create_routines, drop_routines, routines_are_current

_MIGRATION_LOCK = 0x52454C49  # so that only one process migrates at a time
_LOCK_TIMEOUT = "2s"
_ATTEMPTS = 40
_PAUSE = 1.0  # seconds between attempts

_MIGRATIONS = Path(__file__).parent / "migrations"

ROUTINES_DIFFER = "the functions in the database differ from those of this program"


class SchemaError(RuntimeError):
    """The database has a different schema from the one that this program needs. The message says what to do."""


class SchemaBehindError(SchemaError):
    """The database lacks migrations. `relink migrate` applies them."""


class SchemaAheadError(SchemaError):
    """The database has migrations that this program does not know: it belongs to a newer version of the program."""


class SchemaBusyError(SchemaError):
    """Long transactions hold locks on the tables that a migration has to change."""


def migrate(engine: Engine) -> None:
    """Apply the missing migrations, and recreate the routines if they have changed.

    It is safe to call this from several processes at once. Everything is one transaction, so other connections see the
    tables and the routines either both as before or both as after. A migration needs locks that wait for the
    transactions in progress, and all later statements would wait behind it. So it waits only for a short time, and then
    lets the others continue before it retries.

    Raises SchemaAheadError, and changes nothing, if the database belongs to a newer version of the program. Raises
    SchemaBusyError if it could not get the locks within two minutes.
    """
    refuse_newer(engine)
    with exclusively(engine) as connection:
        _migrate_patiently(connection)
        migrate_queue(connection)


@contextmanager
def exclusively(engine: Engine) -> Iterator[Connection]:
    """Yield a connection that holds the lock of the migrations, so that no other process changes the schema."""
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _MIGRATION_LOCK})
            connection.commit()


def _migrate_patiently(connection: Connection) -> None:
    for _ in range(_ATTEMPTS):
        try:
            _migrate(connection)
        except OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise
            connection.rollback()
            time.sleep(_PAUSE)
        else:
            return
    raise SchemaBusyError(
        "the tables to be changed are in use by transactions that do not end: wait until imports are done, or stop the"
        " service, and run 'relink migrate' again"
    )


def _migrate(connection: Connection) -> None:
    connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
    if present_revision(connection) != expected_revision() or not routines_are_current(connection):
        # A migration must not run routines that were written for other tables.
        drop_routines(connection)
        _upgrade(connection)
        create_routines(connection)
    connection.commit()


def present_revision(connection: Connection) -> str | None:
    """Return the last migration that was applied to the database; None if the database is empty."""
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar_one() is None:
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def expected_revision() -> str:
    """Return the last migration that this program knows."""
    return max(known_revisions())


def known_revisions() -> set[str]:
    """Return all migrations that this program knows. The name of each file begins with the number of its migration."""
    return {file.name.partition("_")[0] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py")}


def refuse_newer(engine: Engine) -> None:
    """Raise SchemaAheadError if the database has migrations that this program does not know."""
    with engine.connect() as connection:
        present = present_revision(connection)
        if present is not None and present not in known_revisions():
            raise SchemaAheadError(
                f"the database is at revision {present}, which this program does not know: install the newer program"
            )
        if present is not None and (unknown := unknown_migrations(connection)):
            raise SchemaAheadError(
                f"the tables of the queue have migration {unknown[0]}, which procrastinate {library_version()} does"
                " not know: install the newer program"
            )


def require_schema(engine: Engine) -> None:
    """Raise SchemaBehindError or SchemaAheadError unless the database has exactly the expected schema."""
    refuse_newer(engine)
    with engine.connect() as connection:
        present, expected = present_revision(connection), expected_revision()
        if present != expected:
            raise SchemaBehindError(
                f"the database is at migration {present or 'none'}, this program needs {expected}: run 'relink migrate'"
            )
        if not routines_are_current(connection):
            raise SchemaBehindError(f"{ROUTINES_DIFFER}: run 'relink migrate'")
        if missing := missing_migrations(connection):
            raise SchemaBehindError(f"the tables of the queue lack migration {missing[0]}: run 'relink migrate'")


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
