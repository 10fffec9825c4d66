"""Runs: the record of each force, and the advisory lock that its process holds while the run is alive.

Only one run at a time may work in a package and all its content, or over the instances of a solution.

A run whose state is `queued` or `running` while nobody holds its lock is dead: its process or its connection was lost.
Whoever notices records it as `interrupted` and removes what was staged for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import SQLAlchemyError

from app.errors import StateError
from app.identity.rights import Caller

_REGISTRY_LOCK = 0x52454C4A
_RUN_LOCK_CLASS = 0x52454C4B
"""The advisory lock of run N is N in this class of locks (the upper half of a 64-bit key)."""


_MOST_RUNS = 100
# Outcomes are numbered from 1 without gaps, and the highest number is found faster than their count.
_SELECT_RUNS = """
    SELECT r.run_identifier, r.user_identifier, r.context_node_identifier, r.context_reference, r.options, r.state,
           r.steps, (SELECT coalesce(max(o.ordinal), 0) FROM run_outcome o WHERE o.run_identifier = r.run_identifier),
           r.error_number, r.started_at, r.finished_at, r.solution_identifier
    FROM run r
"""


# In one order, so that two processes that look at the same time do not wait for each other in a circle.
_SELECT_DEAD = text("""
    SELECT r.run_identifier FROM run r
    WHERE r.state IN ('queued', 'running') AND r.run_identifier NOT IN (
      SELECT l.objid::bigint FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted
        AND l.classid::bigint = :class AND l.objsubid = 1)
    ORDER BY r.run_identifier
""")


_SELECT_CANCELLED = text("""
    SELECT r.cancel_requested OR NOT coalesce(a.enabled, true)
    FROM run r LEFT JOIN account a ON a.user_identifier = r.user_identifier
    WHERE r.run_identifier = :run
""")


_CANCEL_THOSE_OF_DISABLED_USERS = text("""
    UPDATE run r SET cancel_requested = true FROM account a
    WHERE a.user_identifier = r.user_identifier AND NOT a.enabled
      AND r.state IN ('queued', 'running') AND NOT r.cancel_requested
""")


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


_ALIVE = frozenset({RunState.QUEUED, RunState.RUNNING})


@dataclass(frozen=True)
class NodeContext:
    """A run over a node, or with its content."""

    identifier: int
    reference: str
    include_content: bool

    def columns(self) -> dict[str, object]:
        """How the record of a run has it."""
        return {
            "node": self.identifier,
            "solution": None,
            "reference": self.reference,
            "content": self.include_content,
        }


@dataclass(frozen=True)
class SolutionContext:
    """A run over the instances of a solution."""

    identifier: str

    def columns(self) -> dict[str, object]:
        """How the record of a run has it."""
        return {"node": None, "solution": self.identifier, "reference": self.identifier, "content": False}


@dataclass(frozen=True)
class Run:
    """A run as its record has it; `done` of `steps` commits are made. It has a context node or a solution.

    The reference of the context is absent where a reader may not know it: see `app.runs.access`.
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


def begin(
    connection: Connection,
    caller: Caller,
    context: NodeContext | SolutionContext,
    options: dict[str, object],
    state: RunState = RunState.RUNNING,
) -> int:
    """Register a running or queued run on a context, take its lock for this connection and return its identifier.

    Raises StateError (106), naming the other run, if one holds this package or a part of it, or this solution.
    """
    held = "this package or a part of it" if isinstance(context, NodeContext) else "this solution"
    with connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _REGISTRY_LOCK})
        for other, since in _overlapping(connection, context):
            if _alive(connection, other):
                raise StateError(f"run {other} holds {held} since {since:%Y-%m-%d %H:%M:%S} UTC")
            _interrupt(connection, other)
        run = connection.execute(
            text(
                "INSERT INTO run (user_identifier, context_node_identifier, solution_identifier, context_reference,"
                " include_content, options, state)"
                " VALUES (:user, :node, CAST(:solution AS uuid), :reference, :content, :options, :state)"
                " RETURNING run_identifier"
            ),
            {"user": caller.user_identifier, "options": json.dumps(options), "state": state.value, **context.columns()},
        ).scalar_one()
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _key(run)})
    return int(run)


def start(connection: Connection, run: int) -> None:
    """Record that a queued run has begun to work."""
    with connection.begin():
        connection.execute(text("UPDATE run SET state = 'running' WHERE run_identifier = :run"), {"run": run})


def finish(connection: Connection, run: int, state: RunState, error_number: int) -> None:
    """Record the end of a run, in a commit that waits for the disk, and with it for all before it."""
    with connection.begin():
        connection.execute(text("SET LOCAL synchronous_commit = on"))
        _close(connection, run, state, error_number)


def release(connection: Connection, run: int) -> None:
    """Give the run's lock back; a connection that cannot do so is closed, which frees the lock too."""
    try:
        connection.rollback()
        with connection.begin():
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _key(run)})
    except SQLAlchemyError:
        connection.invalidate()


def count_steps(connection: Connection, run: int, steps: int) -> None:
    """Say how many steps the run will have taken when it is done."""
    with connection.begin():
        connection.execute(
            text("UPDATE run SET steps = :steps WHERE run_identifier = :run"), {"run": run, "steps": steps}
        )


def find(connection: Connection, run: int) -> Run | None:
    """Read a run. A dead one is recorded as interrupted first."""
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
    """Read the hundred newest runs that a user started (None: all users), in a state and of a context.

    Dead ones are recorded as interrupted first.
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
    """Record all dead runs as interrupted, remove what was staged for them, and return how many there were."""
    found = connection.execute(_SELECT_DEAD, {"class": _RUN_LOCK_CLASS}).scalars().all()
    return sum(_close_if_dead(connection, run) for run in found)


def cancel(connection: Connection, run: int) -> None:
    """Ask a run to end after its present node or instance."""
    connection.execute(text("UPDATE run SET cancel_requested = true WHERE run_identifier = :run"), {"run": run})


def cancel_those_of_disabled_users(connection: Connection) -> None:
    """Ask the runs of users whose accounts are disabled to end after their present node or instance."""
    connection.execute(_CANCEL_THOSE_OF_DISABLED_USERS)


def is_cancelled(connection: Connection, run: int) -> bool:
    """Whether a run was asked to end, or the account of its starter was disabled."""
    return bool(connection.execute(_SELECT_CANCELLED, {"run": run}).scalar_one())


def cancel_all(connection: Connection, application_name: str) -> None:
    """Ask all runs that sessions of this name hold to end after their present nodes."""
    connection.execute(
        text(
            "UPDATE run SET cancel_requested = true"
            " WHERE state IN ('queued', 'running') AND NOT cancel_requested AND run_identifier IN ("
            " SELECT l.objid::bigint FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
            " WHERE a.datname = current_database() AND a.application_name = :name AND l.locktype = 'advisory'"
            " AND l.granted AND l.classid::bigint = :class AND l.objsubid = 1)"
        ),
        {"class": _RUN_LOCK_CLASS, "name": application_name},
    )


def keep_answer(connection: Connection, run: int, parts: Iterable[bytes]) -> None:
    """Keep the (compressed) answer of a run, to be read again."""
    with connection.begin():
        for number, part in enumerate(parts):
            connection.execute(
                text("INSERT INTO run_answer (run_identifier, part, content) VALUES (:run, :part, :content)"),
                {"run": run, "part": number, "content": part},
            )


def kept_answer(connection: Connection, run: int) -> Iterator[bytes]:
    """The parts of the answer that was kept, in order; none where the run did not get to its end."""
    number = 0
    query = text("SELECT content FROM run_answer WHERE run_identifier = :run AND part = :part")
    while (part := connection.execute(query, {"run": run, "part": number}).scalar_one_or_none()) is not None:
        yield bytes(part)
        number += 1


def _overlapping(connection: Connection, context: NodeContext | SolutionContext) -> list[tuple[int, datetime]]:
    """Running and queued runs that may write what this one may write too."""
    rows = connection.execute(
        text(
            "SELECT run_identifier, started_at FROM run WHERE state IN ('queued', 'running') AND ("
            " solution_identifier = CAST(:solution AS uuid) OR CAST(:node AS bigint) IS NOT NULL"
            " AND context_node_identifier IS NOT NULL AND ("
            " context_reference = :reference"
            " OR (include_content AND starts_with(:reference, context_reference || '.'))"
            " OR (:content AND starts_with(context_reference, :reference || '.')))) ORDER BY run_identifier"
        ),
        context.columns(),
    )
    return [(row[0], row[1]) for row in rows]


def _alive(connection: Connection, run: int) -> bool:
    """Whether some process still holds the run's lock."""
    held = connection.execute(
        text(
            "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted"
            " AND l.classid::bigint = :class AND l.objid::bigint = :run AND l.objsubid = 1)"
        ),
        {"class": _RUN_LOCK_CLASS, "run": run},
    )
    return bool(held.scalar_one())


def _close_if_dead(connection: Connection, run: int) -> bool:
    """Record a running run as interrupted if it is dead, and return whether it was."""
    dead = not _alive(connection, run) and _still_running(connection, run)
    if dead:
        _interrupt(connection, run)
    return dead


def _run(row: Row[*tuple[Any, ...]]) -> Run:
    state = RunState(row[5])
    solution = None if row[11] is None else str(row[11])
    return Run(row[0], row[1], row[2], row[3], row[4], state, row[6], row[7], row[8], row[9], row[10], solution)


def _still_running(connection: Connection, run: int) -> bool:
    """Read the record once more: a run records its end before it releases its lock."""
    query = text("SELECT state IN ('queued', 'running') FROM run WHERE run_identifier = :run")
    return bool(connection.execute(query, {"run": run}).scalar_one())


def _interrupt(connection: Connection, run: int) -> None:
    """Record the death of a run, and remove the steps that it had staged and can no longer do."""
    _close(connection, run, RunState.INTERRUPTED, None)
    connection.execute(text("DELETE FROM run_step WHERE run_identifier = :run"), {"run": run})
    connection.execute(text("DELETE FROM run_source WHERE run_identifier = :run"), {"run": run})


def _close(connection: Connection, run: int, state: RunState, error_number: int | None) -> None:
    connection.execute(
        text(
            "UPDATE run SET state = :state, error_number = :number, finished_at = now()"
            " WHERE run_identifier = :run AND state IN ('queued', 'running')"
        ),
        {"run": run, "state": state.value, "number": error_number},
    )


def _key(run: int) -> int:
    return (_RUN_LOCK_CLASS << 32) | run
