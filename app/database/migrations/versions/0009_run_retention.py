"""An index for the retention of runs; rows that dead runs left behind are removed."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    execute_files("0009_run_retention.sql")
