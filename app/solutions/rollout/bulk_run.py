"""A roll-out shown or made: as a run, one instance and one commit at a time (see `app.solutions.rollout.bulk_plan`)."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.database.engine import refusal
from app.database.failures import Passing, passing
from app.errors import RelinkError
from app.runs.held import HeldRun, check_match
from app.solutions.instances.moving import Move, lock_to_move, move
from app.solutions.messages import announce
from app.solutions.rollout.bulk_plan import Candidate, InstanceOutcome, InstanceUpdate, Rollout

_log = structlog.get_logger("relink.rollout")

_OUTCOME = text("""
    INSERT INTO run_outcome (run_identifier, ordinal, instance_identifier, version_number, outcome)
    VALUES (:run, :ordinal, :instance, :release, :outcome)
""")
_TRIES = 3


@dataclass
class RolloutResult:
    """What would be, or was, done, in the order of the ids of the instances."""

    rollout: Rollout
    updates: list[InstanceUpdate]
    fingerprint: str
    done: bool = False
    cancelled: bool = False

    @property
    def bypassed(self) -> int:
        """How many would not move, or did not."""
        return sum(not update.moves for update in self.updates)

    @property
    def error_number(self) -> int:
        """0, or 108 where some updates would be, or were, bypassed."""
        return 108 if self.bypassed or self.cancelled else 0


def impact(connection: Connection, rollout: Rollout) -> RolloutResult:
    """List what a roll-out would do."""
    planned = rollout.plan(connection)
    return RolloutResult(rollout, planned, rollout.fingerprint(planned))


def force(run: HeldRun, planned: RolloutResult, if_match: str | None) -> RolloutResult:
    """Make a roll-out as it was planned.

    Each instance is locked and judged again, since somebody may have changed it meanwhile: one that is on the target
    by then has no row. A roll-out that is cancelled or killed has moved an instance or has not, and made again it
    moves the rest. Commits need not wait for the disk: the end of the run does, and with it all before it.

    Raises PreconditionError where `if_match` is not the fingerprint of the plan: then nothing is done.
    """
    check_match(planned.fingerprint, if_match)
    run.count_steps(sum(update.moves for update in planned.updates))
    force = _Force(run, planned.rollout)
    cancelled = False
    for update in planned.updates:
        cancelled = not force.do(update.instance)
        if cancelled:
            break
    return RolloutResult(planned.rollout, force.updates, planned.fingerprint, done=True, cancelled=cancelled)


@dataclass
class _Force:
    run: HeldRun
    rollout: Rollout
    updates: list[InstanceUpdate] = field(default_factory=list)
    recorded: int = 0

    def do(self, candidate: Candidate) -> bool:
        """Do one instance; False, and nothing is done, where the run was asked to end. What collides with
        others is tried again."""
        for left in reversed(range(_TRIES)):
            try:
                with self.run.connection.begin():
                    if self.run.is_cancelled(step=True):
                        return False
                    update = self._done(candidate)
                break
            except (RelinkError, DBAPIError) as error:
                if passing(error) is Passing.AWAY:
                    # A lost connection or a full disk meets every other instance too.
                    raise
                if left and isinstance(error, DBAPIError) and passing(error) is Passing.CONFLICT:
                    continue
                update = self._failed(candidate, error)
                break
        if update is not None:
            self.updates.append(update)
            self.recorded += update.type is not InstanceOutcome.WARNING
        return True

    def _done(self, candidate: Candidate) -> InstanceUpdate | None:
        connection, rollout = self.run.connection, self.rollout
        locked = lock_to_move(connection, candidate.instance_id)
        update = None if locked is None else rollout.judged(connection, candidate, locked)
        if locked is None or update is None or not update.moves:
            return update
        how, pinned_at = Move.BULK, None
        if rollout.rolls_back:
            how, pinned_at = Move.ROLL_BACK, rollout.solution.latest_release_number
        given = rollout.given_to(connection, locked)
        move(connection, locked, rollout.target, rollout.contents, given, how=how, pinned_at=pinned_at)
        if update.pending:
            announce(connection, rollout.solution.solution_id, rollout.target, [candidate.instance_id])
        self._record(update)
        return update

    def _failed(self, candidate: Candidate, error: RelinkError | DBAPIError) -> InstanceUpdate:
        refused = error if isinstance(error, RelinkError) else None
        reason = f"the database refused: {refusal(error)}" if isinstance(error, DBAPIError) else error.description
        _log.error("instance not moved", run_id=self.run.identifier, instance_id=candidate.instance_id, reason=reason)
        update = InstanceUpdate(candidate, InstanceOutcome.ERROR, error_message=reason, refused=refused)
        with self.run.connection.begin():
            self._record(update)
        return update

    def _record(self, update: InstanceUpdate) -> None:
        self.run.connection.execute(
            _OUTCOME,
            {
                "run": self.run.identifier,
                "ordinal": self.recorded + 1,
                "instance": update.instance.instance_id,
                "release": self.rollout.target,
                "outcome": update.type.value,
            },
        )
