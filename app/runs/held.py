"""A run that this process executes: its record, its lock, its progress and its end.

Only one run at a time may work in a package and all its content, or over the instances of a solution.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from app.errors import PreconditionError, RelinkError, StateError
from app.identity.present_rights import hold_account
from app.identity.rights import Caller
from app.runs import answers, locks
from app.runs.record import NodeContext, RunState, SolutionContext, close, interrupt, is_cancelled
from app.runs.turns import Turn, Turns

_LOOK_EVERY = 0.5

_INSERT = text("""
    INSERT INTO run (service, user_identifier, context_node_identifier, solution_identifier, context_reference,
                     include_content, options, state, started_at)
    VALUES (:service, :user, :node, CAST(:solution AS uuid), :reference, :content, :options, :state,
            CASE WHEN :state = 'running' THEN now() END)
    RETURNING run_identifier
""")
_BEGIN = text("UPDATE run SET state = 'running', started_at = now() WHERE run_identifier = :run")
_SET_STEPS = text("UPDATE run SET steps = :steps WHERE run_identifier = :run")
# Running and queued runs that may write the same nodes or instances as this one.
_OVERLAPPING = text("""
    SELECT run_identifier, coalesce(started_at, queued_at) FROM run
    WHERE state IN ('queued', 'running') AND (
      solution_identifier = CAST(:solution AS uuid)
      OR CAST(:node AS bigint) IS NOT NULL AND context_node_identifier IS NOT NULL AND (
        context_reference = :reference
        OR (include_content AND starts_with(:reference, context_reference || '.'))
        OR (:content AND starts_with(context_reference, :reference || '.'))))
    ORDER BY run_identifier
""")


@dataclass(frozen=True)
class WantedRun:
    """What a run is to do: the service that was requested, its context, and its options for the record."""

    service: str
    context: NodeContext | SolutionContext
    options: Mapping[str, object]


@dataclass(frozen=True)
class HeldRun:
    """A run that holds its lock, on the connection that does its work. `caller` is its starter."""

    identifier: int
    engine: Engine
    connection: Connection
    caller: Caller

    def count_steps(self, steps: int) -> None:
        """Record how many steps the run consists of."""
        with self.connection.begin():
            self.connection.execute(_SET_STEPS, {"run": self.identifier, "steps": steps})

    def is_cancelled(self, *, step: bool = False) -> bool:
        """Return whether the run was asked to end, or the account of its starter was disabled.

        With `step`, the commit of this transaction does not wait for the disk. The commit that ends the run does.
        """
        return is_cancelled(self.connection, self.identifier, step=step)

    def end(self, answer: Iterable[bytes], error_number: int, *, cancelled: bool) -> Iterator[bytes]:
        """Record the end of the run, store its response, and return the response.

        The commit waits until it and all earlier commits of the run are on disk.
        """
        parts = list(answers.compressed(answer))
        state = RunState.CANCELLED if cancelled else RunState.DONE
        with self.connection.begin():
            answers.keep(self.connection, self.identifier, parts)
            self._close(state, error_number)
        return answers.decompressed(parts)

    def refuse(self, error: RelinkError) -> None:
        """Record that the run ends because of an error, without a response."""
        with self.connection.begin():
            self._close(RunState.CANCELLED, error.number, error.description)

    def wait_for(self, turn: Turn) -> None:
        """Wait in the queue until it is the run's turn. Raises StateError if the run is cancelled meanwhile."""
        while not turn.wait(_LOOK_EVERY):
            with self.connection.begin():
                if self.is_cancelled():
                    raise StateError(f"run {self.identifier} was cancelled before it began")
        with self.connection.begin():
            self.connection.execute(_BEGIN, {"run": self.identifier})

    def _close(self, state: RunState, error_number: int, reason: str | None = None) -> None:
        self.connection.execute(text("SET LOCAL synchronous_commit = on"))
        close(self.connection, self.identifier, state, error_number, reason)


@contextmanager
def started(engine: Engine, caller: Caller, wanted: WantedRun, turns: Turns) -> Iterator[HeldRun]:
    """Begin a run, and hold its lock until this `with` statement ends.

    While the process works on as many runs as it may, the run is queued. The run does not end when its client
    disconnects: its response can be read later. A RelinkError records the run as cancelled. After any other exception,
    or if `end` was not called, the run is later recorded as interrupted.

    Raises BusyError if too many runs are queued, and StateError (106) that names the other run if one holds this
    package, a part of it, or this solution.
    """
    with turns.turn() as turn, engine.connect() as connection:
        state = RunState.RUNNING if turn.has_come else RunState.QUEUED
        run = HeldRun(_begun(connection, caller, wanted, state), engine, connection, caller)
        try:
            if state is RunState.QUEUED:
                run.wait_for(turn)
            yield run
        except RelinkError as error:
            run.refuse(error)
            raise
        finally:
            locks.release(connection, run.identifier)


def check_match(fingerprint: str, if_match: str | None) -> None:
    """Raise PreconditionError if `If-Match` names a plan and the fingerprint belongs to another plan."""
    if if_match not in (None, "*", fingerprint):
        raise PreconditionError("the plan has changed since the impact that If-Match names: request the impact again")


def _begun(connection: Connection, caller: Caller, wanted: WantedRun, state: RunState) -> int:
    """Record a run, take its lock for this connection and return its identifier.

    A transaction that disables the account of the starter finds the record, and cancels the run.
    """
    values = {
        "service": wanted.service,
        "user": caller.user_identifier,
        "options": json.dumps(wanted.options),
        "state": state.value,
        **wanted.context.columns(),
    }
    with connection.begin():
        hold_account(connection, caller)
        locks.lock_registry(connection)
        _make_room(connection, wanted.context)
        run = int(connection.execute(_INSERT, values).scalar_one())
        locks.lock(connection, run)
    return run


def _make_room(connection: Connection, context: NodeContext | SolutionContext) -> None:
    """Record dead runs that overlap with this context as interrupted. Raises StateError (106) if one is alive."""
    others = connection.execute(_OVERLAPPING, context.columns()).all()
    held = locks.held_runs(connection) if others else set()
    for other, since in others:
        if other in held:
            what = "this package or a part of it" if isinstance(context, NodeContext) else "this solution"
            raise StateError(f"run {other} holds {what} since {since:%Y-%m-%d %H:%M:%S} UTC")
        interrupt(connection, other)
