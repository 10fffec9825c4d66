"""A value is given for the release that its instance is on, and for the latest where it fits that too."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    execute_files("0005_values_given.sql")
