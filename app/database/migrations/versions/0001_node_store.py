"""Users, permissions, the node store and the system package."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0001"
down_revision = None


def upgrade() -> None:
    execute_files("0001_node_store.sql", "0001_system_package.sql")
