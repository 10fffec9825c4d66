"""Sessions of the configuration wizard."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    execute_files("0006/wizard_sessions.sql")
