"""The tables of the first release, and the system package."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0001"
down_revision = None


def upgrade() -> None:
    execute_files(
        "0001/people.sql",
        "0001/nodes.sql",
        "0001/solutions.sql",
        "0001/runs.sql",
        "0001/program.sql",
        "0001/system_package.sql",
    )
