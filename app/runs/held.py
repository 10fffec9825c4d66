"""A run that this process executes: its record, its lock, its progress and its end.

Only one run at a time may work in a package and all its content, or over the instances of a solution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from app.errors import PreconditionError, RelinkError, StateError
from app.identity.present_rights import hold_account
from app.identity.rights import Caller
from app.runs import kept_responses, keys, locks
from app.runs.record import PLAN_CHANGED, RunState, close, close_if_dead, is_cancelled, put_back, record_plan
from app.runs.turns import Turn, Turns
from app.runs.wanted import Context, NodeContext, WantedRun

_LOOK_EVERY = 0.5

_BEGIN = text("UPDATE run SET state = 'running', started_at = now() WHERE run_identifier = :run")
_SET_STEPS = text("UPDATE run SET steps = :steps WHERE run_identifier = :run")
# A force that waits for a worker does not hold its package yet.
_OVERLAPPING = text("""
    SELECT o.run_identifier, coalesce(o.started_at, o.queued_at) FROM run o
    WHERE run_needs_lock(o) AND run_overlaps(o, CAST(:node AS bigint), CAST(:solution AS uuid), :reference, :content)
    ORDER BY o.run_identifier
""")


class RunCancelledError(StateError):
    """The run was asked to end, or the account of its starter was disabled."""


class PutBackError(StateError):
    """The worker ends, and the run waits for another one."""


@dataclass(frozen=True)
class HeldRun:
    """A run that holds its lock, on the connection that does its work. `caller` is its starter.

    `done_before` is how many commits earlier attempts have made.
    """

    identifier: int
    engine: Engine
    connection: Connection
    caller: Caller
    done_before: int = 0

    def count_steps(self, steps: int) -> None:
        """Record how many steps the run consists of."""
        with self.connection.begin():
            self.connection.execute(_SET_STEPS, {"run": self.identifier, "steps": steps})

    def is_cancelled(self, *, step: bool = False, first: bool = False) -> bool:
        """Return whether the run was asked to end, or the account of its starter was disabled.

        With `step`, the commit of this transaction does not wait for the disk. The commit that ends the run does.
        `first` says that this is the first statement of the transaction.
        """
        return is_cancelled(self.connection, self.identifier, step=step, first=first)

    def check_not_cancelled(self) -> None:
        """Raise RunCancelledError if the run was asked to end, or the account of its starter was disabled."""
        with self.connection.begin():
            if self.is_cancelled():
                raise RunCancelledError(f"run {self.identifier} was cancelled")

    def end(self, response: Iterable[bytes], error_number: int, *, cancelled: bool) -> Iterator[bytes]:
        """Record the end of the run, store its response, and return the response.

        The commit waits until it and all earlier commits of the run are on disk. Raises PutBackError if the run was
        cancelled only because its worker ends, and waits for another one.
        """
        parts = list(kept_responses.compressed(response))
        if cancelled:
            self._put_back()
        with self.connection.begin():
            self.record_end(parts, error_number, cancelled=cancelled)
        return kept_responses.decompressed(parts)

    def record_end(self, parts: Iterable[bytes], error_number: int, *, cancelled: bool = False) -> None:
        """Record the end of the run with its compressed response, in the transaction of its connection."""
        kept_responses.keep(self.connection, self.identifier, parts)
        self._close(RunState.CANCELLED if cancelled else RunState.DONE, error_number)

    def record_plan(self, fingerprint: str) -> None:
        """Record the fingerprint of the plan of an impact."""
        with self.connection.begin():
            record_plan(self.connection, self.identifier, fingerprint)

    def refuse(self, error: RelinkError, reason: str, response: Iterable[bytes] = ()) -> None:
        """Record that the run ends because of an error, which `reason` describes in the words of the interface. A run
        whose client has gone keeps a response that says so.

        Raises PutBackError as `end` does.
        """
        self._put_back()
        parts = list(kept_responses.compressed(response)) if response else []
        with self.connection.begin():
            kept_responses.keep(self.connection, self.identifier, parts)
            self._close(RunState.CANCELLED, error.number, reason)

    def fail(self, error: RelinkError, response: Iterable[bytes]) -> None:
        """Record that the run was interrupted by an error that its request did not cause, with its response."""
        parts = list(kept_responses.compressed(response))
        with self.connection.begin():
            kept_responses.keep(self.connection, self.identifier, parts)
            self._close(RunState.INTERRUPTED, error.number, error.description)

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

    def _put_back(self) -> None:
        with self.connection.begin():
            returned = put_back(self.connection, self.identifier)
        if returned:
            raise PutBackError(f"run {self.identifier} waits for another worker")


@contextmanager
def started(
    engine: Engine,
    caller: Caller,
    wanted: WantedRun,
    turns: Turns,
    user: str | None = None,
    *,
    described: Callable[[RelinkError], str],
) -> Iterator[HeldRun]:
    """Begin a run, and hold its lock until this `with` statement ends.

    While the process works on as many runs as it may, the run is queued. The run does not end when its client
    disconnects: its response can be read later. A RelinkError records the run as cancelled. After any other exception,
    or if `end` was not called, the run is later recorded as interrupted.

    `user` is whose share of the turns the run takes. `described` returns the reason of a run that ends because of an
    error.

    Raises BusyError if too many runs are queued, StateError (106) that names the other run if one holds this package, a
    part of it, or this solution, and the exceptions of `keys.check`.
    """
    with turns.turn(user) as turn, engine.connect() as connection:
        state = RunState.RUNNING if turn.has_come else RunState.QUEUED
        run = HeldRun(_begun(connection, caller, wanted, state), engine, connection, caller)
        try:
            if state is RunState.QUEUED:
                run.wait_for(turn)
            yield run
        except RelinkError as error:
            run.refuse(error, described(error))
            raise
        finally:
            locks.release(connection, run.identifier)


def check_match(fingerprint: str, if_match: str | None) -> None:
    """Raise PreconditionError if `if_match` names a plan and the fingerprint belongs to another plan."""
    PreconditionError.check(if_match, fingerprint, PLAN_CHANGED)


def _begun(connection: Connection, caller: Caller, wanted: WantedRun, state: RunState) -> int:
    """Record a run, take its lock for this connection and return its identifier.

    A transaction that disables the account of the starter finds the record, and cancels the run.
    """
    with connection.begin():
        hold_account(connection, caller)
        locks.lock_registry(connection)
        keys.check(connection, caller, wanted.key)
        _make_room(connection, wanted.context)
        run = wanted.record(connection, caller, state)
        keys.give(connection, caller, wanted.key, run)
        locks.lock(connection, run)
    return run


def _make_room(connection: Connection, context: Context) -> None:
    """Record dead runs that overlap with this context as interrupted. Raises StateError (106) if one is alive."""
    others = connection.execute(_OVERLAPPING, context.columns()).all()
    held = locks.held_runs(connection) if others else set()
    for other, since in others:
        if other in held:
            what = "this package or a part of it" if isinstance(context, NodeContext) else "this solution"
            raise StateError(f"run {other} holds {what} since {since:%Y-%m-%d %H:%M:%S} UTC")
        close_if_dead(connection, other)
