"""An index for the moves of one instance."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    execute_files("0007/audit_of_instance.sql")
