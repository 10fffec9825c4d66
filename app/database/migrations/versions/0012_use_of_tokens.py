"""When a token was last used, and an index of the moves in the audit."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    execute_files("0012_use_of_tokens.sql")
