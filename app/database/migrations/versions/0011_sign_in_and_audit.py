"""Failed sign-ins per account and network, the networks that users sign in from, the audit table, numbers of tokens."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    execute_files("0011_sign_in_and_audit.sql")
