"""The advisory lock that the connection of a run holds while the run is alive.

The database releases the lock when the connection ends for whatever reason, so a run whose lock is not held is dead.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

_REGISTRY_LOCK = 0x52454C4A
_RUN_LOCK_CLASS = 0x52454C4B
"""The class of the advisory locks of runs: the upper half of a 64-bit key, whose lower half is the run identifier."""

_LOCK_REGISTRY = text("SELECT pg_advisory_xact_lock(:key)")
_LOCK = text("SELECT pg_advisory_lock(:key)")
_TRY_LOCK = text("SELECT pg_try_advisory_lock(:key)")
_UNLOCK = text("SELECT pg_advisory_unlock(:key)")
_HELD = text("""
    SELECT l.objid::bigint FROM pg_locks l
    JOIN pg_database d ON d.oid = l.database
    LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted
      AND l.classid::bigint = :class AND l.objsubid = 1
      AND (CAST(:session_name AS text) IS NULL OR a.application_name = :session_name)
""")


def lock_registry(connection: Connection) -> None:
    """Prevent other runs from beginning before this transaction ends."""
    connection.execute(_LOCK_REGISTRY, {"key": _REGISTRY_LOCK})


def lock(connection: Connection, run: int) -> None:
    """Take the lock of a run for this connection. It outlives the transaction."""
    connection.execute(_LOCK, {"key": _key(run)})


def try_lock(connection: Connection, run: int) -> bool:
    """Take the lock of a run for this connection, if no other has it. Returns whether it was taken."""
    return bool(connection.execute(_TRY_LOCK, {"key": _key(run)}).scalar_one())


def release(connection: Connection, run: int) -> None:
    """Release the lock of a run. If that fails, the connection is closed, which releases the lock too."""
    try:
        connection.rollback()
        with connection.begin():
            connection.execute(_UNLOCK, {"key": _key(run)})
    except SQLAlchemyError:
        connection.invalidate()


def held_runs(connection: Connection, session_name: str | None = None) -> set[int]:
    """Return the runs whose locks are held by any session, or only by sessions with this name."""
    found = connection.execute(_HELD, {"class": _RUN_LOCK_CLASS, "session_name": session_name})
    return set(found.scalars())


OF_ANOTHER: Final = f"""EXISTS (
    SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND l.classid::bigint = {_RUN_LOCK_CLASS} AND l.objid::bigint = %(run)s AND l.pid <> %(session)s
)"""
"""A condition, for psycopg: whether a session other than `session`, a process number, holds the lock of `run`."""


def _key(run: int) -> int:
    return (_RUN_LOCK_CLASS << 32) | run
