"""The index for the history of one instance covers all events of instances."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    execute_files("0008/history_of_instances.sql")
