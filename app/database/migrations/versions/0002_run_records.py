"""Runs record their service, when they began, and why they stopped."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    execute_files("0002/run_records.sql")
