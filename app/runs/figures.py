"""Counts of runs for operators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from app.runs.record import RunState

_COUNTS = text("SELECT state, count(*), min(queued_at) FROM run GROUP BY state")
# PostgreSQL counts the rows that are inserted into each table. Counting the rows that are there would take long, and
# runs are deleted after a time.
_OUTCOMES = text("""
    SELECT coalesce(sum(n_tup_ins), 0) FROM pg_stat_user_tables WHERE relid = to_regclass('run_outcome')
""")


@dataclass(frozen=True)
class RunFigures:
    """How many runs are in each state, since when the oldest queued run waits, and how many outcomes were written."""

    by_state: dict[RunState, int]
    oldest_queued: datetime | None
    outcomes: int


def read_run_figures(connection: Connection) -> RunFigures:
    """Count the runs of the store."""
    found = {RunState(state): (count, oldest) for state, count, oldest in connection.execute(_COUNTS)}
    _, oldest = found.get(RunState.QUEUED, (0, None))
    counts = {state: found.get(state, (0, None))[0] for state in RunState}
    return RunFigures(counts, oldest, int(connection.execute(_OUTCOMES).scalar_one()))
