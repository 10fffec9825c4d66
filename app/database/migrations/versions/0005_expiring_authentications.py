"""Authentications that expire, and whether their expiry was announced."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    execute_files("0005/expiring_authentications.sql")
