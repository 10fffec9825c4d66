"""An index for who froze a version of a node."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    execute_files("0010/freezes_of_a_node.sql")
