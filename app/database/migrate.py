"""Bringing a database to the schema that this program expects, and asking whether it is there."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from app.database.queue import library_version, migrate_queue, missing_migrations, unknown_migrations

_MIGRATION_LOCK = 0x52454C49  # one migrator at a time, whatever starts it


class SchemaError(RuntimeError):
    """The database has another schema than this program needs; the message says what to do."""


class SchemaBehindError(SchemaError):
    """The database has not had all migrations; `relink migrate` brings it up to date."""


class SchemaAheadError(SchemaError):
    """The database has had migrations that this program does not know: it is of a newer program."""


def migrate(engine: Engine, revision: str = "head") -> None:
    """Apply all migrations that are missing up to a revision. Safe to call from several processes at once.

    Raises SchemaAheadError, and changes nothing, where the database is of a newer program.
    """
    refuse_newer(engine)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
        connection.commit()
        try:
            command.upgrade(_config(connection), revision)
            connection.commit()
            migrate_queue(connection)
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _MIGRATION_LOCK})
            connection.commit()


def present_revision(connection: Connection) -> str | None:
    """The last migration that the database has had; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def expected_revision() -> str | None:
    """The last migration that this program knows."""
    return ScriptDirectory.from_config(_config(None)).get_current_head()


def refuse_newer(engine: Engine) -> None:
    """Raise SchemaAheadError where the database has had migrations that this program does not know."""
    with engine.connect() as connection:
        present = present_revision(connection)
        known = {script.revision for script in ScriptDirectory.from_config(_config(None)).walk_revisions()}
        if present is not None and present not in known:
            raise SchemaAheadError(
                f"the database is at revision {present}, which this program does not know: install the newer program"
            )
        if present is not None and (unknown := unknown_migrations(connection)):
            raise SchemaAheadError(
                f"the tables of the queue have had migration {unknown[0]}, which procrastinate {library_version()} does"
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
        if missing := missing_migrations(connection):
            raise SchemaBehindError(f"the tables of the queue lack migration {missing[0]}: run 'relink migrate'")


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
