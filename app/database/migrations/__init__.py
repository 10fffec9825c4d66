"""Forward-only migrations of tables and data; each executes the SQL files that stand beside it.

Functions, procedures, triggers and views are not here: see `app.database.routines`. `app/database/schema.sql` shows all
of it as it is now.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

_VERSIONS = Path(__file__).parent / "versions"


def execute_files(*names: str) -> None:
    """Executes whole SQL files in the migration's transaction, as they are (no parameters, any statements)."""
    for name in names:
        op.get_bind().connection.cursor().execute((_VERSIONS / name).read_text(encoding="utf-8"))
