"""Bringing a database to the schema that this program expects, and asking whether it is there."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from app.database.queue import migrate_queue, missing_migrations

_MIGRATION_LOCK = 0x52454C49  # one migrator at a time, whatever starts it


class SchemaBehindError(RuntimeError):
    """The database has not had all migrations; `relink migrate` brings it up to date."""


def migrate(engine: Engine, revision: str = "head") -> None:
    """Apply all migrations that are missing up to a revision. Safe to call from several processes at once."""
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


def require_schema(engine: Engine) -> None:
    """Raise SchemaBehindError unless the database has exactly the expected schema."""
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
