"""Lists or makes a roll-out, as a run with one commit for each instance (see `app.solutions.rollout.bulk_plan`)."""

from __future__ import annotations

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
from app.solutions.instances.moving import Move, lock_to_move, move
from app.solutions.messages import announce
from app.solutions.rollout.bulk_plan import Candidate, InstanceOutcome, InstanceUpdate, Rollout

NAME: Final = "UpdateSolutionInstances"
"""The service whose runs make roll-outs."""

_log = structlog.get_logger("relink.rollout")

_OUTCOME: Final = """
    INSERT INTO run_outcome (run_identifier, ordinal, instance_identifier, version_number, outcome)
    VALUES (%(run)s, %(ordinal)s::integer, %(instance)s, %(release)s, %(outcome)s)
"""
_TRIES = 3


@dataclass
class RolloutResult:
    """The planned or actual outcomes, in the order of the ids of the instances."""

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


def impact(connection: Connection, rollout: Rollout) -> RolloutResult:
    """Return what a roll-out would do."""
    planned = rollout.plan(connection)
    return RolloutResult(rollout, planned, rollout.fingerprint(planned))


def force(run: HeldRun, rollout: Rollout, if_match: str | None) -> RolloutResult:
    """Plan a roll-out, if its starter still has the right to make it, and make it as planned.

    Each instance is locked and judged again, since it may have changed meanwhile. An instance that is on the target by
    then has no row in the result. If the roll-out is cancelled or killed, each instance has moved wholly or not at all,
    and another roll-out moves the rest. Commits do not wait for the disk: the commit at the end of the run waits, and
    makes those before it durable too.

    Raises NotAuthorisedError (101), and PreconditionError if `if_match` is not the fingerprint of the plan, before
    anything is done.
    """
    with snapshot(run.engine) as connection:
        require_solutions(read_again(connection, run.caller))
        planned = impact(connection, rollout)
    check_match(planned.fingerprint, if_match)
    run.count_steps(run.done_before + sum(update.moves for update in planned.updates))
    force = _Force(run, planned.rollout, recorded=run.done_before)
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
        if update.pending:
            announce(connection, rollout.solution.solution_id, rollout.target, [candidate.instance_id])
        with sent_together(connection):
            move(connection, locked, rollout.target, rollout.contents, given, how=how, pinned_at=pinned_at)
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
