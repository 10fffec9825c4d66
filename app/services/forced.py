"""How a bulk service does what it has listed: as a run with a record and a lock, whose answer is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from enum import StrEnum
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from app.errors import RelinkError, StateError
from app.runs import record as runs
from app.runs.record import RunState
from app.runs.turns import Turn
from app.services.answer import Answer
from app.services.call import Call

_LOOK_EVERY = 0.5


class UpdateAction(StrEnum):
    """`update` is another word for `force`: the seed uses both."""

    IMPACT = "impact"
    FORCE = "force"
    UPDATE = "update"


class RunOutcome(Protocol):
    """What the work of a run comes to."""

    cancelled: bool

    @property
    def error_number(self) -> int:
        """That of the answer."""


Done = TypeVar("Done", bound=RunOutcome)


def forced(
    call: Call,
    begin: Callable[[Connection, RunState], int],
    work: Callable[[Connection, int], Done],
    answered: Callable[[Done], Answer],
) -> Answer:
    """Begin a run, do its work and answer its outcome, with `Relink-Run`.

    While the process works on as many runs as it may, the run is queued. Raises BusyError if too many are queued.

    The connection that began the run holds its lock until the answer is kept. Work that fails with a RelinkError
    ends the run as cancelled; another failure leaves it to be found interrupted. A run does not end when its client
    leaves: its answer can be read later.
    """
    with ExitStack() as on_failure:
        turn = on_failure.enter_context(call.workload.runs.turn())
        connection = on_failure.enter_context(call.engine.connect())
        state = RunState.RUNNING if turn.has_come else RunState.QUEUED
        run = begin(connection, state)
        on_failure.callback(runs.release, connection, run)
        try:
            if state is RunState.QUEUED:
                _wait_for(turn, connection, run)
            outcome = work(connection, run)
        except RelinkError as error:
            runs.finish(connection, run, RunState.CANCELLED, error.number)
            raise
        answer = answered(outcome)
        answer.headers["Relink-Run"] = str(run)
        resources = on_failure.pop_all()

    def keep(parts: Iterable[bytes]) -> list[bytes]:
        # The parts are rendered here, so that the lock is released if that fails.
        with resources:
            kept = list(parts)
            runs.keep_answer(connection, run, kept)
            state = RunState.CANCELLED if outcome.cancelled else RunState.DONE
            runs.finish(connection, run, state, outcome.error_number)
        return kept

    answer.keep = keep
    return answer


def _wait_for(turn: Turn, connection: Connection, run: int) -> None:
    """Let a queued run wait for its turn. Raises StateError if it is cancelled meanwhile."""
    while not turn.wait(_LOOK_EVERY):
        with connection.begin():
            if runs.is_cancelled(connection, run):
                raise StateError(f"run {run} was cancelled before it began")
    runs.start(connection, run)


def bypassed(count: int, *, done: bool, cancelled: bool) -> list[str]:
    """In sentences, why a run is not complete."""
    sentences = ["The run was cancelled."] if cancelled else []
    if count:
        updates = "1 update was" if count == 1 and done else f"{count} updates were" if done else ""
        updates = updates or ("1 update would be" if count == 1 else f"{count} updates would be")
        sentences.append(f"{updates} bypassed.")
    return sentences
