"""Clean-up of runs: dead runs are recorded as interrupted, and old runs are deleted."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Engine, text

from app.runs import record as runs

_BATCH = 10_000
"""At most this many outcomes are deleted in one transaction."""

# A queued or running run has no `finished_at`. Several workers may delete at the same time: each takes another run.
_SELECT_OLD = text("""
    SELECT run_identifier FROM run WHERE finished_at < now() - make_interval(days => :days)
    ORDER BY finished_at, run_identifier LIMIT 1 FOR UPDATE SKIP LOCKED
""")
# The first outcomes are deleted first, so that the highest number, which is the progress of the run, stays right.
_DELETE_OUTCOMES = text("""
    DELETE FROM run_outcome WHERE run_identifier = :run AND ordinal IN (
      SELECT o.ordinal FROM run_outcome o WHERE o.run_identifier = :run ORDER BY o.ordinal LIMIT :batch)
""")
_DELETE_RESPONSE = text("DELETE FROM run_response WHERE run_identifier = :run")
_DELETE_RUN = text("DELETE FROM run WHERE run_identifier = :run")


def close_dead(engine: Engine) -> int:
    """Record all dead runs as interrupted, remove their staged rows, and return the number of these runs."""
    with engine.begin() as connection:
        return runs.close_dead(connection)


def delete_old(engine: Engine, days: int, *, stop: Callable[[], bool]) -> int:
    """Delete the runs that ended more than `days` ago, with their outcomes and stored responses.

    Works in transactions of a bounded size until no such run is left or `stop` returns true. Returns the number of
    deleted runs. A run that is not finished is never deleted.
    """
    deleted = 0
    while not stop():
        with engine.begin() as connection:
            run = connection.execute(_SELECT_OLD, {"days": days}).scalar_one_or_none()
            if run is None:
                break
            deleted += _delete_part(connection, run)
    return deleted


def _delete_part(connection: Connection, run: int) -> bool:
    """Delete a batch of a run's outcomes, and with the last batch the run itself. Returns whether the run is gone."""
    if connection.execute(_DELETE_OUTCOMES, {"run": run, "batch": _BATCH}).rowcount == _BATCH:
        return False
    connection.execute(_DELETE_RESPONSE, {"run": run})
    connection.execute(_DELETE_RUN, {"run": run})
    return True
