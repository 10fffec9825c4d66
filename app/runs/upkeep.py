"""What is done for runs that are over: dead ones are closed, and old ones are deleted."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Engine, text

from app.runs import record as runs

_BATCH = 10_000
"""At most this many outcomes are deleted in one transaction."""

# A run that is queued or running has no end. Several workers may delete at the same time: each takes another run.
_SELECT_OLD = text("""
    SELECT run_identifier FROM run WHERE finished_at < now() - make_interval(days => :days)
    ORDER BY finished_at, run_identifier LIMIT 1 FOR UPDATE SKIP LOCKED
""")
# The first outcomes go first: the number of the last one, which says how far the run got, stays right to the end.
_DELETE_OUTCOMES = text("""
    DELETE FROM run_outcome WHERE run_identifier = :run AND ordinal IN (
      SELECT o.ordinal FROM run_outcome o WHERE o.run_identifier = :run ORDER BY o.ordinal LIMIT :batch)
""")
_DELETE_ANSWER = text("DELETE FROM run_answer WHERE run_identifier = :run")
_DELETE_RUN = text("DELETE FROM run WHERE run_identifier = :run")


def close_dead(engine: Engine) -> int:
    """Record all dead runs as interrupted, remove what was staged for them, and return how many there were."""
    with engine.begin() as connection:
        return runs.close_dead(connection)


def delete_old(engine: Engine, days: int, *, stop: Callable[[], bool], batch: int = _BATCH) -> int:
    """Delete the runs that ended more than so many days ago, with their outcomes and kept answers.

    Works in transactions of a bounded size until nothing is left or `stop` returns true. Returns how many runs it
    deleted. A run that is not finished is never touched.
    """
    deleted = 0
    while not stop():
        with engine.begin() as connection:
            run = connection.execute(_SELECT_OLD, {"days": days}).scalar_one_or_none()
            if run is None:
                break
            deleted += _delete_part(connection, run, batch)
    return deleted


def _delete_part(connection: Connection, run: int, batch: int) -> bool:
    """Delete a batch of a run's outcomes; with the last batch also the run itself. Returns whether the run is gone."""
    if connection.execute(_DELETE_OUTCOMES, {"run": run, "batch": batch}).rowcount == batch:
        return False
    connection.execute(_DELETE_ANSWER, {"run": run})
    connection.execute(_DELETE_RUN, {"run": run})
    return True
