"""What the worker needs: the record of the queue's own migrations, and which instances a sweep looks at.

The tables of the queue are procrastinate's: `app.database.queue` makes them from the SQL of the installed library.
"""

from __future__ import annotations

from app.database.migrations import execute_files

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    execute_files("0004_worker.sql")
