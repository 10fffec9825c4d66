"""Lists are read page by page from indexes that are in their order."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    execute_files("0007_lists.sql")
