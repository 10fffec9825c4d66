"""The sessions that wait for a lock."""

from __future__ import annotations

from sqlalchemy import Engine, text

_WAITING = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event LIKE :event
      AND query LIKE :statement
""")


def waiting_sessions(engine: Engine, statement: str = "%", event: str = "%") -> int:
    """Return how many sessions of the database wait for a lock.

    `statement` and `event` are patterns of LIKE: for the statement that waits, and for PostgreSQL's name of what it
    waits for: `transactionid` or `tuple` for a row, `relation` for a table, `advisory`. The question is asked in a new
    transaction, because PostgreSQL shows a transaction the same activity each time that it asks.
    """
    with engine.connect() as connection:
        return int(connection.execute(_WAITING, {"statement": statement, "event": event}).scalar_one())
