"""The table of the responses of runs gets its present name."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    execute_files("0011/run_responses.sql")
