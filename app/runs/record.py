"""The records of runs: the context of each, its progress and its end.

A run whose state is `queued` or `running` while no session holds its lock (see `app.runs.locks`) is dead: its process
or its connection was lost. A process that notices records the run as `interrupted` and removes its staged rows. No
session holds the lock of an asynchronous run while the run waits for a worker. Such a run returns to the queue when its
worker has died, if it can be done again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, Row, text

from app.database.engine import prepared
from app.database.sql_files import sql_file
from app.runs import locks

READ_RUNS: Final = sql_file("app.runs", "read_runs")
"""Reads the columns of `Run`."""
_SELECT_OPEN = text("SELECT r.run_identifier FROM run r WHERE run_needs_lock(r)")
_IS_OPEN = text("SELECT run_needs_lock(r) FROM run r WHERE r.run_identifier = :run FOR NO KEY UPDATE")
_SELECT_CANCELLED: Final = """
    SELECT r.cancel_requested OR NOT coalesce(a.enabled, true),
           CASE WHEN %(step)s THEN set_config('synchronous_commit', 'off', true) END
    FROM run r LEFT JOIN account a ON a.user_identifier = r.user_identifier
    WHERE r.run_identifier = %(run)s
"""
_STOP = text("""
    UPDATE run SET cancel_requested = true, reason = :stopped
    WHERE run_identifier = ANY (:runs) AND state IN ('queued', 'running') AND NOT cancel_requested
""")
# The request of a user replaces that of a process that ends, which would return the run to the queue.
_CANCEL = text("""
    UPDATE run SET cancel_requested = true, reason = :reason
    WHERE run_identifier = :run AND state IN ('queued', 'running') AND (NOT cancel_requested OR reason = :stopped)
""")
_CANCEL_THOSE_OF_DISABLED_USERS = text("""
    UPDATE run r SET cancel_requested = true, reason = :reason FROM account a
    WHERE a.user_identifier = r.user_identifier AND NOT a.enabled
      AND r.state IN ('queued', 'running') AND (NOT r.cancel_requested OR r.reason = :stopped)
""")
_CLOSE_CANCELLED = text("""
    WITH closed AS (
      UPDATE run SET state = 'cancelled', finished_at = now()
      WHERE state = 'queued' AND asynchronous AND cancel_requested RETURNING run_identifier
    )
    DELETE FROM run_request q USING closed WHERE q.run_identifier = closed.run_identifier
""")
_CLOSE = text(sql_file("app.runs", "close_run"))
_MOST_RETRIES = 3
_RETRY = text("""
    UPDATE run SET state = 'queued', cancel_requested = false, reason = NULL
    WHERE run_identifier = :run AND state = 'running' AND (NOT cancel_requested OR reason = :stopped)
      AND attempts <= :most AND run_can_be_done_again(run)
""")
_PUT_BACK = text("""
    UPDATE run SET state = 'queued', attempts = attempts - 1, cancel_requested = false, reason = NULL
    WHERE run_identifier = :run AND state = 'running' AND reason = :stopped AND run_can_be_done_again(run)
""")
_SELECT_LOGON = text("SELECT user_logon_reference FROM account WHERE user_identifier = :user")

PLAN_CHANGED: Final = "the plan has changed since the impact that you know: look at the impact again"
DISABLED: Final = "the account of the user who started the run was disabled"
_STOPPED = "the service was stopped"
_DIED = "the process that did the run, or its connection to the database, was lost"


class RunState(StrEnum):
    """The state of a run."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def is_open(self) -> bool:
        """Whether a run in this state has not ended."""
        return self in (RunState.QUEUED, RunState.RUNNING)


@dataclass(frozen=True)
class Run:
    """The record of a run: `done` of its `steps` have been committed. It has a context node, a solution or neither.

    `attempts` is how often its work has begun, `plan` the fingerprint of the plan of an impact, or of the plan that a
    force had to match. `seconds` is the time since its work began, until now or its end, with the time in the
    queue between two attempts. The reference of the context is absent if the reader may not know it: see
    `app.runs.access`.
    """

    identifier: int
    service: str
    action: str
    user_identifier: int | None
    user_logon: str | None
    context_node_identifier: int | None
    context_reference: str | None
    solution_identifier: str | None
    options: dict[str, object]
    state: RunState
    steps: int
    done: int
    error_number: int | None
    reason: str | None
    cancel_requested: bool
    attempts: int
    plan: str | None
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None

    @classmethod
    def of(cls, row: Row[tuple[object, ...]]) -> Run:
        """Return the run in a row of `READ_RUNS`."""
        values = dict(row._mapping)
        return cls(**{**values, "state": RunState(values["state"])})

    @property
    def is_planned(self) -> bool:
        """Whether it is known how many steps the run has."""
        return self.steps > 0 or self.state is RunState.DONE

    @property
    def has_failed(self) -> bool:
        """Whether the run has ended without doing all that was asked."""
        return not self.state.is_open and (self.state is not RunState.DONE or self.error_number not in (None, 0))

    @property
    def was_refused(self) -> bool:
        """Whether the run ended because of an error, which `reason` describes to its starter."""
        ended = self.state is RunState.CANCELLED and not self.cancel_requested
        return ended and self.error_number not in (None, 0, 108)

    @property
    def was_of_another_plan(self) -> bool:
        """Whether the run was refused because `If-Match` names another plan."""
        return self.was_refused and self.reason == PLAN_CHANGED


def find(connection: Connection, run: int) -> Run | None:
    """Read a run. A dead run is recorded as interrupted first."""
    query = text(READ_RUNS + " WHERE r.run_identifier = :run")
    row = connection.execute(query, {"run": run}).one_or_none()
    if row is None:
        return None
    if RunState(row.state).is_open and close_if_dead(connection, run):
        row = connection.execute(query, {"run": run}).one()
    return Run.of(row)


def close_dead(connection: Connection) -> int:
    """Record all dead runs as interrupted, remove their staged rows, and return the number of these runs."""
    open_runs = set(connection.execute(_SELECT_OPEN).scalars())
    dead = open_runs - locks.held_runs(connection) if open_runs else set()
    # The runs are sorted, so that two processes that do this at the same time cannot deadlock.
    return sum(close_if_dead(connection, run) for run in sorted(dead))


def cancel(connection: Connection, run: int, user: int | None) -> None:
    """Ask a run to end after its current node or instance, on behalf of a user. A run that waits ends at once."""
    logon = connection.execute(_SELECT_LOGON, {"user": user}).scalar_one_or_none()
    reason = f"cancelled by {logon or 'an administrator'}"
    connection.execute(_CANCEL, {"run": run, "reason": reason, "stopped": _STOPPED})
    connection.execute(_CLOSE_CANCELLED)


def cancel_those_of_disabled_users(connection: Connection) -> None:
    """Ask the runs of users whose accounts are disabled to end after their current node or instance."""
    connection.execute(_CANCEL_THOSE_OF_DISABLED_USERS, {"reason": DISABLED, "stopped": _STOPPED})
    connection.execute(_CLOSE_CANCELLED)


def is_cancelled(connection: Connection, run: int, *, step: bool = False, first: bool = False) -> bool:
    """Return whether a run was asked to end, or the account of its starter was disabled.

    With `step`, the commit of this transaction does not wait for the disk. The commit that ends the run does. `first`
    says that this is the first statement of the transaction.
    """
    ((cancelled, _),) = prepared(connection, _SELECT_CANCELLED, {"run": run, "step": step}, first=first)
    return bool(cancelled)


def cancel_all(connection: Connection, application_name: str) -> None:
    """Ask all runs that are held by sessions with this name to end after their current node or instance."""
    held = locks.held_runs(connection, application_name)
    if held:
        connection.execute(_STOP, {"runs": sorted(held), "stopped": _STOPPED})


def stop(connection: Connection, run: int) -> None:
    """Ask a run to end after its current node or instance, because its process ends."""
    connection.execute(_STOP, {"runs": [run], "stopped": _STOPPED})


def put_back(connection: Connection, run: int) -> bool:
    """Return an asynchronous run to the queue, if it ends only because its process does and can be done again.

    Returns whether it was returned. This does not count as an attempt.
    """
    return connection.execute(_PUT_BACK, {"run": run, "stopped": _STOPPED}).rowcount == 1


def record_plan(connection: Connection, run: int, fingerprint: str) -> None:
    """Record the fingerprint of the plan of an impact."""
    connection.execute(
        text("UPDATE run SET plan = :plan WHERE run_identifier = :run"), {"run": run, "plan": fingerprint}
    )


def close_if_dead(connection: Connection, run: int) -> bool:
    """Record a running run as interrupted, or return it to the queue, if it is dead. Returns whether it was."""
    if run in locks.held_runs(connection) or not _still_running(connection, run):
        return False
    # The record is locked now, so no worker can take the run before this transaction ends. One may have before.
    if run in locks.held_runs(connection):
        return False
    _interrupt(connection, run)
    return True


def _still_running(connection: Connection, run: int) -> bool:
    """Lock the record and read the state again: a run records its end before it releases its lock."""
    return bool(connection.execute(_IS_OPEN, {"run": run}).scalar_one())


def _interrupt(connection: Connection, run: int) -> None:
    """Record a dead run as interrupted, or return it to the queue, and remove the steps that were staged for it."""
    if connection.execute(_RETRY, {"run": run, "most": _MOST_RETRIES, "stopped": _STOPPED}).rowcount == 0:
        close(connection, run, RunState.INTERRUPTED, None, _DIED)
    connection.execute(text("DELETE FROM run_step WHERE run_identifier = :run"), {"run": run})
    connection.execute(text("DELETE FROM run_step_other WHERE run_identifier = :run"), {"run": run})


def close(
    connection: Connection, run: int, state: RunState, error_number: int | None, reason: str | None = None
) -> None:
    """Record the end of a run, unless it has already ended, and remove its request.

    A run that was asked to end keeps the reason for that.
    """
    values = {"run": run, "state": state.value, "number": error_number, "reason": reason}
    connection.execute(_CLOSE, values)
