"""Which sessions wait for a lock."""

from __future__ import annotations

from sqlalchemy import Engine, text

_WAITING = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event LIKE :event
      AND query LIKE :statement
""")


def waiting_sessions(engine: Engine, statement: str = "%", event: str = "%") -> int:
    """Return how many sessions of the database wait for a lock, in a statement and for an event like these patterns.

    The events are those of PostgreSQL: `transactionid` for a row, `relation` for a table, `advisory`.

    Asks in a session of its own: a transaction sees the activity of the moment at which it asked first.
    """
    with engine.connect() as connection:
        return int(connection.execute(_WAITING, {"statement": statement, "event": event}).scalar_one())
