"""Solutions: releases, external users, authentications, instances, tokens, messages to send."""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    execute_files("0003_solutions.sql")
