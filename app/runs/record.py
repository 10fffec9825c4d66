"""The records of runs: the context of each, its progress and its end.

A run whose state is `queued` or `running` while no session holds its lock (see `app.runs.locks`) is dead: its process
or its connection was lost. A process that notices records the run as `interrupted` and removes its staged rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, text

from app.runs import locks

_MOST_RUNS = 100
# Outcomes are numbered from 1 without gaps, and the highest number is found faster than their count.
_SELECT_RUNS = """
    SELECT r.run_identifier, r.user_identifier, r.context_node_identifier, r.context_reference, r.options, r.state,
           r.steps, (SELECT coalesce(max(o.ordinal), 0) FROM run_outcome o WHERE o.run_identifier = r.run_identifier),
           r.error_number, r.started_at, r.finished_at, r.solution_identifier
    FROM run r
"""
_SELECT_OPEN = text("SELECT run_identifier FROM run WHERE state IN ('queued', 'running')")
_IS_OPEN = text("SELECT state IN ('queued', 'running') FROM run WHERE run_identifier = :run")
_SELECT_CANCELLED = text("""
    SELECT r.cancel_requested OR NOT coalesce(a.enabled, true),
           CASE WHEN :step THEN set_config('synchronous_commit', 'off', true) END
    FROM run r LEFT JOIN account a ON a.user_identifier = r.user_identifier
    WHERE r.run_identifier = :run
""")
_CANCEL_ALL = text("""
    UPDATE run SET cancel_requested = true
    WHERE run_identifier = ANY (:runs) AND state IN ('queued', 'running') AND NOT cancel_requested
""")
_CANCEL_THOSE_OF_DISABLED_USERS = text("""
    UPDATE run r SET cancel_requested = true FROM account a
    WHERE a.user_identifier = r.user_identifier AND NOT a.enabled
      AND r.state IN ('queued', 'running') AND NOT r.cancel_requested
""")


class RunState(StrEnum):
    """The state of a run."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


_ALIVE = frozenset({RunState.QUEUED, RunState.RUNNING})


@dataclass(frozen=True)
class NodeContext:
    """The context of a run over a node, or over a node and its content."""

    identifier: int
    reference: str
    include_content: bool

    def columns(self) -> dict[str, object]:
        """Return the columns of the record that hold the context."""
        return {
            "node": self.identifier,
            "solution": None,
            "reference": self.reference,
            "content": self.include_content,
        }


@dataclass(frozen=True)
class SolutionContext:
    """The context of a run over the instances of a solution."""

    identifier: str

    def columns(self) -> dict[str, object]:
        """Return the columns of the record that hold the context."""
        return {"node": None, "solution": self.identifier, "reference": self.identifier, "content": False}


@dataclass(frozen=True)
class Run:
    """The record of a run: `done` of its `steps` have been committed. It has either a context node or a solution.

    The reference of the context is absent if the reader may not know it: see `app.runs.access`.
    """

    identifier: int
    user_identifier: int | None
    context_node_identifier: int | None
    context_reference: str | None
    options: dict[str, object]
    state: RunState
    steps: int
    done: int
    error_number: int | None
    started_at: datetime
    finished_at: datetime | None
    solution_identifier: str | None


def find(connection: Connection, run: int) -> Run | None:
    """Read a run. A dead run is recorded as interrupted first."""
    query = text(_SELECT_RUNS + " WHERE r.run_identifier = :run")
    row = connection.execute(query, {"run": run}).one_or_none()
    if row is None:
        return None
    if row.state in _ALIVE and _close_if_dead(connection, run):
        row = connection.execute(query, {"run": run}).one()
    return _run(row)


def recent(
    connection: Connection, user: int | None, *, state: RunState | None = None, reference: str | None = None
) -> list[Run]:
    """Read the hundred newest runs of a user (None: of all users), filtered by state and by context.

    Dead runs are recorded as interrupted first.
    """
    close_dead(connection)
    given: dict[str, object] = {"user_identifier": user, "state": state and state.value, "context_reference": reference}
    wanted = {column: value for column, value in given.items() if value is not None}
    conditions = " AND ".join(f"r.{column} = :{column}" for column in wanted)
    query = (
        f"{_SELECT_RUNS} {'WHERE ' + conditions if wanted else ''} ORDER BY r.run_identifier DESC LIMIT {_MOST_RUNS}"
    )
    return [_run(row) for row in connection.execute(text(query), wanted)]


def close_dead(connection: Connection) -> int:
    """Record all dead runs as interrupted, remove their staged rows, and return the number of these runs."""
    open_runs = set(connection.execute(_SELECT_OPEN).scalars())
    dead = open_runs - locks.held_runs(connection) if open_runs else set()
    # The runs are sorted, so that two processes that do this at the same time cannot deadlock.
    return sum(_close_if_dead(connection, run) for run in sorted(dead))


def cancel(connection: Connection, run: int) -> None:
    """Ask a run to end after its current node or instance."""
    connection.execute(text("UPDATE run SET cancel_requested = true WHERE run_identifier = :run"), {"run": run})


def cancel_those_of_disabled_users(connection: Connection) -> None:
    """Ask the runs of users whose accounts are disabled to end after their current node or instance."""
    connection.execute(_CANCEL_THOSE_OF_DISABLED_USERS)


def is_cancelled(connection: Connection, run: int, *, step: bool = False) -> bool:
    """Return whether a run was asked to end, or the account of its starter was disabled.

    With `step`, the commit of this transaction does not wait for the disk. The commit that ends the run does.
    """
    return bool(connection.execute(_SELECT_CANCELLED, {"run": run, "step": step}).scalar_one())


def cancel_all(connection: Connection, application_name: str) -> None:
    """Ask all runs that are held by sessions with this name to end after their current node or instance."""
    held = locks.held_runs(connection, application_name)
    if held:
        connection.execute(_CANCEL_ALL, {"runs": sorted(held)})


def _close_if_dead(connection: Connection, run: int) -> bool:
    """Record a running run as interrupted if it is dead, and return whether it was."""
    dead = run not in locks.held_runs(connection) and _still_running(connection, run)
    if dead:
        interrupt(connection, run)
    return dead


def _run(row: Row[*tuple[Any, ...]]) -> Run:
    state = RunState(row[5])
    solution = None if row[11] is None else str(row[11])
    return Run(row[0], row[1], row[2], row[3], row[4], state, row[6], row[7], row[8], row[9], row[10], solution)


def _still_running(connection: Connection, run: int) -> bool:
    """Read the state again: a run records its end before it releases its lock."""
    return bool(connection.execute(_IS_OPEN, {"run": run}).scalar_one())


def interrupt(connection: Connection, run: int) -> None:
    """Record a dead run as interrupted, and remove the steps that were staged for it."""
    close(connection, run, RunState.INTERRUPTED, None)
    connection.execute(text("DELETE FROM run_step WHERE run_identifier = :run"), {"run": run})
    connection.execute(text("DELETE FROM run_step_other WHERE run_identifier = :run"), {"run": run})


def close(connection: Connection, run: int, state: RunState, error_number: int | None) -> None:
    """Record the end of a run, unless it has already ended."""
    connection.execute(
        text(
            "UPDATE run SET state = :state, error_number = :number, finished_at = now()"
            " WHERE run_identifier = :run AND state IN ('queued', 'running')"
        ),
        {"run": run, "state": state.value, "number": error_number},
    )
