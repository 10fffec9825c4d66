"""Runs: every force is one, with who asked for it, what became of it, and a lock that says it is alive.

One run at a time in a package and all that lies in it (section 4, *Runs*).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app.errors import StateError
from app.identity.rights import Caller

_REGISTRY_LOCK = 0x52454C4A
_RUN_LOCK_CLASS = 0x52454C4B
"""The advisory lock of run N is N in this class of locks (the upper half of a 64-bit key)."""


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Run:
    """A run as its record has it; `done` of `steps` commits are made."""

    identifier: int
    user_identifier: int | None
    context_node_identifier: int
    context_reference: str
    options: dict[str, object]
    state: RunState
    steps: int
    done: int
    error_number: int | None
    started_at: datetime
    finished_at: datetime | None


def begin(
    connection: Connection, caller: Caller, context: tuple[int, str], include_content: bool, options: dict[str, object]
) -> int:
    """Register a run on a context and take its lock for this connection; answers the run's identifier.

    Raises StateError (106), naming the other run, where one holds this package or a part of it.
    """
    identifier, reference = context
    with connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _REGISTRY_LOCK})
        for other, since in _overlapping(connection, reference, include_content):
            if _alive(connection, other):
                raise StateError(f"run {other} holds this package or a part of it since {since:%Y-%m-%d %H:%M:%S} UTC")
            _close(connection, other, RunState.INTERRUPTED, None)
        run = connection.execute(
            text(
                "INSERT INTO run (user_identifier, context_node_identifier, context_reference, include_content,"
                " options, state) VALUES (:user, :node, :reference, :content, :options, 'running')"
                " RETURNING run_identifier"
            ),
            {
                "user": caller.user_identifier,
                "node": identifier,
                "reference": reference,
                "content": include_content,
                "options": json.dumps(options),
            },
        ).scalar_one()
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _key(run)})
    return int(run)


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
    """Read a run. One whose process has died is found interrupted, and recorded so."""
    row = connection.execute(
        text(
            "SELECT r.run_identifier, r.user_identifier, r.context_node_identifier, r.context_reference, r.options,"
            " r.state, r.steps, (SELECT count(*) FROM run_outcome o WHERE o.run_identifier = r.run_identifier),"
            " r.error_number, r.started_at, r.finished_at FROM run r WHERE r.run_identifier = :run"
        ),
        {"run": run},
    ).one_or_none()
    if row is None:
        return None
    state = RunState(row[5])
    if state is RunState.RUNNING and not _alive(connection, run) and _still_running(connection, run):
        state = RunState.INTERRUPTED
        _close(connection, run, state, None)
    return Run(row[0], row[1], row[2], row[3], row[4], state, row[6], row[7], row[8], row[9], row[10])


def cancel(connection: Connection, run: int) -> None:
    """Ask a run to end after its present node."""
    connection.execute(text("UPDATE run SET cancel_requested = true WHERE run_identifier = :run"), {"run": run})


def cancel_all(connection: Connection, application_name: str) -> None:
    """Ask all runs that sessions of this name hold to end after their present nodes."""
    connection.execute(
        text(
            "UPDATE run SET cancel_requested = true"
            " WHERE state = 'running' AND NOT cancel_requested AND run_identifier IN ("
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


def _overlapping(connection: Connection, reference: str, include_content: bool) -> list[tuple[int, datetime]]:
    """Running runs that may write a node that this one may write too."""
    rows = connection.execute(
        text(
            "SELECT run_identifier, started_at FROM run WHERE state = 'running' AND ("
            " context_reference = :reference"
            " OR (include_content AND starts_with(:reference, context_reference || '.'))"
            " OR (:content AND starts_with(context_reference, :reference || '.'))) ORDER BY run_identifier"
        ),
        {"reference": reference, "content": include_content},
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


def _still_running(connection: Connection, run: int) -> bool:
    """The record once more: a run records its end before it gives its lock back."""
    query = text("SELECT state = 'running' FROM run WHERE run_identifier = :run")
    return bool(connection.execute(query, {"run": run}).scalar_one())


def _close(connection: Connection, run: int, state: RunState, error_number: int | None) -> None:
    connection.execute(
        text(
            "UPDATE run SET state = :state, error_number = :number, finished_at = now()"
            " WHERE run_identifier = :run AND state = 'running'"
        ),
        {"run": run, "state": state.value, "number": error_number},
    )


def _key(run: int) -> int:
    return (_RUN_LOCK_CLASS << 32) | run
