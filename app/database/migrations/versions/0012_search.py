"""Words of names, references and values are indexed, for Search."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    execute_files("0012_search.sql")
