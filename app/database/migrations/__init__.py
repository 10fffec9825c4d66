"""Forward-only migrations of tables and data. Each migration executes the SQL files beside it.

Functions, procedures, triggers and views are defined elsewhere: see `app.database.routines`. `app/database/schema.sql`
shows the whole current schema.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

_VERSIONS = Path(__file__).parent / "versions"


def execute_files(*names: str) -> None:
    """Execute whole SQL files in the transaction of the migration, unchanged and without parameters."""
    for name in names:
        op.get_bind().connection.cursor().execute((_VERSIONS / name).read_text(encoding="utf-8"))
