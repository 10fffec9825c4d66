"""Runs that wait for a worker, with their requests, and the keys that make a repeated request the same run."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    execute_files("0003/queued_runs.sql")
