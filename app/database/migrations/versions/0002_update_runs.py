"""Runs of UpdateNodeVersions and the procedure that applies their plans."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    execute_files("0002_update_runs.sql")
