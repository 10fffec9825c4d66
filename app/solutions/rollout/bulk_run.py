"""Lists or makes a roll-out, as a run with one commit for each instance (see `app.solutions.rollout.bulk_plan`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.database.engine import prepared, refusal, sent_together, short_transaction, snapshot
from app.database.failures import Passing, passing
from app.errors import RelinkError
from app.identity.present_rights import read_again
from app.identity.rights import require_solutions
from app.runs.held import HeldRun, check_match
from app.runs.wanted import SolutionContext, WantedRun
from app.solutions.content.model import GivenValue, SlotKey
from app.solutions.instances.moving import InstanceState, Move, lock_to_move, move, reading_statement, state_of_row
from app.solutions.instances.moving_many import DONE, Destination, RunOutcomes, move_many
from app.solutions.messages import announce
from app.solutions.rollout.bulk_plan import Candidate, InstanceUpdate, InstanceUpdateType, Rollout

NAME: Final = "UpdateSolutionInstances"
"""The service whose runs make roll-outs."""

_log = structlog.get_logger("relink.rollout")

_OUTCOME: Final = """
    INSERT INTO run_outcome (run_identifier, ordinal, instance_identifier, version_number, outcome)
    VALUES (%(run)s, %(ordinal)s::integer, %(instance)s, %(release)s, %(outcome)s)
"""
_READ: Final = reading_statement("i.instance_identifier = ANY (%(instances)s::uuid[])")
_UPDATE: Final = InstanceUpdateType.UPDATE
_TRIES = 3
_TOGETHER = 100
"""The number of instances that are read, and then moved by one call."""


@dataclass
class RolloutResult:
    """The planned or actual updates, in the order of the ids of the instances."""

    rollout: Rollout
    updates: list[InstanceUpdate]
    fingerprint: str
    done: bool = False
    cancelled: bool = False

    @property
    def bypassed(self) -> int:
        """The number of instances that did not or would not move."""
        return sum(not update.moves for update in self.updates)

    @property
    def error_number(self) -> int:
        """0, or 108 if some updates were or would be bypassed."""
        return 108 if self.bypassed or self.cancelled else 0


def wanted_run(rollout: Rollout, action: str) -> WantedRun:
    """Return the run of a roll-out. Its record has the slots of the given values only: values may be secrets."""
    wanted = rollout.wanted
    options = {
        "owner": wanted.owner,
        "tags": wanted.tags,
        "percent": wanted.percent,
        "targetReleaseNumber": wanted.target,
        "configSlots": list(wanted.config_values),
    }
    return WantedRun(NAME, SolutionContext(rollout.solution.solution_id), options, action)


def impact(connection: Connection, rollout: Rollout, check: Callable[[], None] = lambda: None) -> RolloutResult:
    """Return what a roll-out would do. `check` is called between its parts, and may raise an exception to end it."""
    planned = rollout.plan(connection, check)
    return RolloutResult(rollout, planned, rollout.fingerprint(planned))


def force(run: HeldRun, rollout: Rollout, if_match: str | None) -> RolloutResult:
    """Plan a roll-out, if its starter still has the right to make it, and make it as planned.

    Each instance is judged again, and locked when it moves, since it may have changed meanwhile. An instance that is on
    the target by then has no row in the result. If the roll-out is cancelled or killed, each instance has moved wholly
    or not at all, and another roll-out moves the rest. Commits do not wait for the disk: the commit at the end of the
    run waits, and makes those before it durable too.

    Raises NotAuthorisedError (101), RunCancelledError if the run is cancelled while it is planned, and
    PreconditionError if `if_match` is not the fingerprint of the plan, before anything is done.
    """
    with snapshot(run.engine) as connection:
        require_solutions(read_again(connection, run.caller))
        planned = impact(connection, rollout, run.check_not_cancelled)
    check_match(planned.fingerprint, if_match)
    run.count_steps(run.done_before + sum(update.moves for update in planned.updates))
    force = _Force(run, planned.rollout, recorded=run.done_before)
    cancelled = False
    for first in range(0, len(planned.updates), _TOGETHER):
        cancelled = not force.do([update.instance for update in planned.updates[first : first + _TOGETHER]])
        if cancelled:
            break
    return RolloutResult(planned.rollout, force.updates, planned.fingerprint, done=True, cancelled=cancelled)


@dataclass
class _Force:
    run: HeldRun
    rollout: Rollout
    updates: list[InstanceUpdate] = field(default_factory=list)
    recorded: int = 0

    def do(self, candidates: Sequence[Candidate]) -> bool:
        """Move instances. Return False if the run was cancelled before it reached all of them.

        An instance that has changed meanwhile, or whose move fails, is judged and moved again, alone. So is one whose
        end user must be told about the release.
        """
        settled = self._move_together(candidates)
        goes_on = True
        for candidate in candidates:
            if candidate.instance_id in settled:
                update = settled[candidate.instance_id]
                self.updates += [] if update is None else [update]
            elif goes_on:
                goes_on = self._do_alone(candidate)
        return goes_on

    def _move_together(self, candidates: Sequence[Candidate]) -> dict[str, InstanceUpdate | None]:
        """Move those instances that need no message, and return the updates of all that are settled."""
        connection, rollout = self.run.connection, self.rollout
        with connection.begin():
            rows = prepared(connection, _READ, {"instances": [each.instance_id for each in candidates]}).fetchall()
            states = {state.row.instance_id: state for state in (state_of_row(connection, row) for row in rows)}
            known = [each for each in candidates if each.instance_id in states]
            judged = {each.instance_id: rollout.judged(connection, each, states[each.instance_id]) for each in known}
            moving = [each for each, update in judged.items() if update is not None and update.type is _UPDATE]
            given = rollout.given_to(connection, states[moving[0]]) if moving else {}
        moved = self._move([states[each] for each in moving], given) if moving else set()
        return {each: update for each, update in judged.items() if update is None or not update.moves or each in moved}

    def _move(self, states: Sequence[InstanceState], given: dict[SlotKey, GivenValue]) -> set[str]:
        """Move instances as they were judged, and return the ids of those that moved."""
        rollout = self.rollout
        to = Destination(
            rollout.solution.solution_id,
            latest=states[0].row.latest_release_number,
            target=rollout.target,
            contents=rollout.contents,
            how=self._how,
            given=given,
            pinned_at=self._pinned_at,
        )
        outcomes = RunOutcomes(self.run.identifier, self.recorded, _UPDATE.value)
        results = move_many(self.run.connection, states, to, outcomes=outcomes)
        moved = {state.row.instance_id for state, result in zip(states, results, strict=False) if result == DONE}
        self.recorded += len(moved)
        return moved

    @property
    def _how(self) -> Move:
        return Move.ROLL_BACK if self.rollout.rolls_back else Move.BULK

    @property
    def _pinned_at(self) -> int | None:
        return self.rollout.solution.latest_release_number if self.rollout.rolls_back else None

    def _do_alone(self, candidate: Candidate) -> bool:
        """Move one instance, and retry if the transaction conflicts with others. Return False, without doing anything,
        if the run is cancelled."""
        for left in reversed(range(_TRIES)):
            try:
                with short_transaction(self.run.connection):
                    if self.run.is_cancelled(step=True, first=True):
                        return False
                    update = self._done(candidate)
                break
            except (RelinkError, DBAPIError) as error:
                if passing(error) is Passing.AWAY:
                    # A lost connection or a full disk would affect every other instance too.
                    raise
                if left and isinstance(error, DBAPIError) and passing(error) is Passing.CONFLICT:
                    continue
                update = self._failed(candidate, error)
                break
        if update is not None:
            self.updates.append(update)
            self.recorded += update.type is not InstanceUpdateType.WARNING
        return True

    def _done(self, candidate: Candidate) -> InstanceUpdate | None:
        connection, rollout = self.run.connection, self.rollout
        locked = lock_to_move(connection, candidate.instance_id)
        update = None if locked is None else rollout.judged(connection, candidate, locked)
        if locked is None or update is None or not update.moves:
            return update
        given = rollout.given_to(connection, locked)
        if update.pending:
            announce(connection, rollout.solution.solution_id, rollout.target, [candidate.instance_id])
        with sent_together(connection):
            contents = rollout.contents
            move(connection, locked, rollout.target, contents, given, how=self._how, pinned_at=self._pinned_at)
            self._record(update)
        return update

    def _failed(self, candidate: Candidate, error: RelinkError | DBAPIError) -> InstanceUpdate:
        refused = error if isinstance(error, RelinkError) else None
        reason = f"the database refused: {refusal(error)}" if isinstance(error, DBAPIError) else error.description
        _log.error("instance not moved", run_id=self.run.identifier, instance_id=candidate.instance_id, reason=reason)
        update = InstanceUpdate(candidate, InstanceUpdateType.ERROR, error_message=reason, refused=refused)
        with self.run.connection.begin():
            self._record(update)
        return update

    def _record(self, update: InstanceUpdate) -> None:
        prepared(
            self.run.connection,
            _OUTCOME,
            {
                "run": self.run.identifier,
                "ordinal": self.recorded + 1,
                "instance": update.instance.instance_id,
                "release": self.rollout.target,
                "outcome": update.type.value,
            },
        )
