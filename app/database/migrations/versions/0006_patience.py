"""What could not be done has a time before which it is not tried again, and what is done is forgotten."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    execute_files("0006_patience.sql")
