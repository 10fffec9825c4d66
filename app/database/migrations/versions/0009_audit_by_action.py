"""An index for the rows of one action of the audit."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    execute_files("0009/audit_by_action.sql")
