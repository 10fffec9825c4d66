"""Forward-only migrations; each executes the SQL files that stand beside it."""

from __future__ import annotations

from pathlib import Path

from alembic import op

_VERSIONS = Path(__file__).parent / "versions"


def execute_files(*names: str) -> None:
    """Execute whole SQL files in the migration's transaction, as they are (no parameters, any statements)."""
    for name in names:
        op.get_bind().connection.cursor().execute((_VERSIONS / name).read_text(encoding="utf-8"))
