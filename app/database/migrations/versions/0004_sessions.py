"""Sessions of users who have signed in with their passwords."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    execute_files("0004/sessions.sql")
