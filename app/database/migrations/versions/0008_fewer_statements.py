"""Updates with fewer statements for each node: its new version in one, and one question for all its members."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    execute_files("0008_fewer_statements.sql")
