"""Plans a roll-out, which moves many instances of a solution to one release.

"Query all the instances of the solution using Get Solution Instances. Loop and upgrade each one using the
upgradeSolutionInstance mutation" (Updating vs Upgrading). A roll-out is that loop, and its plan is a list of the
instances made beforehand.

Each selected instance on another release than the target has one of these update types:

- `update`: no change breaks it. It moves.
- `upgrade`: a change breaks it, and the values that the system must give are given. It moves, and the slots that its
  end user must fill are pending, as after upgradeSolutionInstance with the id only.
- `warning`: it is on hold, or hidden slots would still need values. It does not move.
- `error`: it should have moved, and moving it failed.

The given values replace the stored ones in every instance that moves. A hold on the solution stops only lazy updates,
so that a release can be rolled out in parts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from sqlalchemy import Connection, text

from app.errors import Fault, FaultCode, RelinkError, UserError, invalid, not_found, refuse
from app.solutions.content.changes import Change
from app.solutions.content.flags import (
    Contents,
    Values,
    breaking_changes,
    open_changes,
    pending,
    slot_of,
    values_after_move,
)
from app.solutions.content.model import ConfigSlot, Content, GivenValue, SlotKey, SlotKind
from app.solutions.instances.moving import InstanceState
from app.solutions.instances.values import GivenValues, Recipient, bytes_together, check_size, checked, read_values
from app.solutions.limits import DEFAULT_LIMITS, Limits
from app.solutions.people.external_users import read_external_user
from app.solutions.releases.contents import read_contents
from app.solutions.releases.solutions import Solution, read_solution

_PAGE = 1000

_CANDIDATES = """
    SELECT i.instance_identifier::text, i.name, i.owner::text, i.release_number, i.held
    FROM solution_instance i
    WHERE i.solution_identifier = :solution AND i.release_number <> :target
"""
_ON_OLDER = " AND i.release_number < :target"
_OF_OWNER = " AND i.owner = CAST(:owner AS uuid)"
_ORDER = " ORDER BY i.instance_identifier"


class InstanceUpdateType(StrEnum):
    """The documented kinds of an update of an instance."""

    UPDATE = "update"
    UPGRADE = "upgrade"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class RolloutParameters:
    """The parameters of a roll-out.

    They select instances of a solution: those of `owner`, and of these only `percent` out of a hundred. No instance is
    selected unless the solution has all `tags`. A `target` of None means the latest release. `config_values` are for
    hidden slots.
    """

    solution_id: str
    owner: str | None = None
    tags: tuple[str, ...] = ()
    percent: int | None = None
    target: int | None = None
    config_values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """An instance on another release than the target."""

    instance_id: str
    name: str
    owner: str
    release: int
    held: bool


@dataclass(frozen=True)
class InstanceUpdate:
    """What a roll-out does, or would do, with an instance. `pending` are the external ids of the slots that its end
    user must fill."""

    instance: Candidate
    type: InstanceUpdateType
    pending: tuple[str, ...] = ()
    error_message: str | None = None
    refused: RelinkError | None = None
    """The error with which the domain refused to move it."""

    @property
    def moves(self) -> bool:
        return self.type in (InstanceUpdateType.UPDATE, InstanceUpdateType.UPGRADE)


@dataclass(frozen=True)
class Rollout:
    """A valid roll-out: the solution, its contents, the target, and the values as instances hold them.

    Contents of releases that are published during the roll-out are read when an instance needs them.
    """

    wanted: RolloutParameters
    solution: Solution
    contents: dict[int, Content]
    target: int
    given: Mapping[SlotKey, GivenValue]
    limits: Limits
    breaking: dict[int, list[Change]] = field(default_factory=dict, init=False)
    """A cache of the breaking changes from each release to the target."""

    @property
    def rolls_back(self) -> bool:
        """Whether the target is older than the latest release, so that lazy updates must not move instances on."""
        return self.target < self.solution.latest_release_number

    def plan(self, connection: Connection, check: Callable[[], None] = lambda: None) -> list[InstanceUpdate]:
        """Return the planned updates of the selected instances, in the order of their ids.

        `check` is called before each page of instances.
        """
        chosen = list(self._chosen(connection))
        self._learn(connection, {candidate.release for candidate in chosen})
        planned: list[InstanceUpdate] = []
        for first in range(0, len(chosen), _PAGE):
            check()
            page = chosen[first : first + _PAGE]
            asked = [candidate.instance_id for candidate in page if self._asks(candidate)]
            values = read_values(connection, asked) if asked else {}
            self._learn(connection, _given_for(value for stored in values.values() for value in stored.values()))
            planned += [self._judged(candidate, values.get(candidate.instance_id, {})) for candidate in page]
        return planned

    def judged(self, connection: Connection, planned: Candidate, state: InstanceState) -> InstanceUpdate | None:
        """Return the update of an instance in its present state.

        Returns None if the instance is on the target by now, or was on an older release than the target and has been
        moved to a newer one meanwhile, which must not be undone.
        """
        row = state.row
        if row.release_number == self.target or planned.release < self.target < row.release_number:
            return None
        self._learn(connection, state.needed_releases)
        candidate = Candidate(row.instance_id, row.name, row.owner, row.release_number, row.held)
        return self._judged(candidate, state.values)

    def given_to(self, connection: Connection, state: InstanceState) -> dict[SlotKey, GivenValue]:
        """Return the given values as an instance holds them. Raises UserError if the target does not accept them."""
        latest = state.row.latest_release_number
        recipient = Recipient(state.row.owner, self.target, latest, self.contents)
        values, faults = checked(connection, recipient, GivenValues(self.wanted.config_values, {}))
        refuse(faults)
        return values

    def fingerprint(self, planned: Sequence[InstanceUpdate]) -> str:
        """Return a digest of the plan: the target, the values, and the update of each instance."""
        digest = hashlib.sha256(json.dumps([self.target, dict(self.wanted.config_values)], sort_keys=True).encode())
        for update in planned:
            fields = (update.instance.instance_id, update.instance.release, update.type, *update.pending)
            digest.update(repr(fields).encode())
        return digest.hexdigest()[:32]

    @cached_property
    def _parameters(self) -> dict[str, object]:
        return {"solution": self.solution.solution_id, "target": self.target, "owner": self.wanted.owner}

    def _learn(self, connection: Connection, releases: set[int]) -> None:
        missing = releases - self.contents.keys()
        if missing:
            self.contents.update(read_contents(connection, self.solution.solution_id, missing))

    def _breaking_from(self, release: int) -> list[Change]:
        if release not in self.breaking:
            self.breaking[release] = breaking_changes(self.contents[release], self.contents[self.target])
        return self.breaking[release]

    def _chosen(self, connection: Connection) -> Iterator[Candidate]:
        if not set(self.wanted.tags) <= set(self.solution.tags):
            return
        query = _CANDIDATES + (_OF_OWNER if self.wanted.owner is not None else "")
        # An instance on a newer release than the latest one that is known here has moved there meanwhile.
        query += ("" if self.rolls_back else _ON_OLDER) + _ORDER
        for row in connection.execute(text(query), self._parameters):
            if self.wanted.percent is None or is_among(row[0], self.wanted.percent):
                yield Candidate(*row)

    def _asks(self, candidate: Candidate) -> bool:
        """Return whether the update depends on the values that the instance holds."""
        return not candidate.held and bool(self.given or self._breaking_from(candidate.release))

    def _judged(self, candidate: Candidate, values: Values) -> InstanceUpdate:
        if candidate.held:
            return InstanceUpdate(candidate, InstanceUpdateType.WARNING, error_message="The instance is on hold")
        if not self._asks(candidate):
            return InstanceUpdate(candidate, InstanceUpdateType.UPDATE)
        after = {**values_after_move(values, self.contents[self.target]), **self.given}
        if self.given and (size := bytes_together(after)) > self.limits.instance_bytes:
            return InstanceUpdate(candidate, InstanceUpdateType.WARNING, error_message=self._too_large(size))
        if not self._open(candidate, values):
            return InstanceUpdate(candidate, InstanceUpdateType.UPDATE)
        lacking = pending(self.target, self.contents, after)
        hidden = [slot.external_id for slot in lacking if slot.hidden]
        # A hidden slot without a value does not stop a move here; a value that is no longer good does.
        still_open = (change for change in self._open(candidate, after) if change.hidden)
        hidden += [change.external_id for change in still_open if slot_of(change) in after]
        if hidden:
            return InstanceUpdate(candidate, InstanceUpdateType.WARNING, error_message=_lacks(hidden))
        return InstanceUpdate(candidate, InstanceUpdateType.UPGRADE, tuple(slot.external_id for slot in lacking))

    def _too_large(self, size: int) -> str:
        return f"The values of the instance would have {size} bytes in total; the limit is {self.limits.instance_bytes}"

    def _open(self, candidate: Candidate, values: Values) -> list[Change]:
        return open_changes(self._breaking_from(candidate.release), self.target, self.contents, values)


def rollout(connection: Connection, wanted: RolloutParameters, limits: Limits = DEFAULT_LIMITS) -> Rollout:
    """Return the roll-out with these parameters. Raises UserError about the parameters."""
    solution = read_solution(connection, wanted.solution_id)
    latest = solution.latest_release_number
    if latest == 0:
        raise UserError(invalid("solution_id", "has no release yet"))
    target = wanted.target or latest
    if target > latest:
        raise UserError(invalid("target_release_number", f"the solution has no release {target}"))
    if wanted.owner is not None:
        wanted = replace(wanted, owner=_owner(connection, wanted.owner))
    contents = read_contents(connection, solution.solution_id)
    recipient = Recipient(wanted.owner or "", target, latest, contents)
    given, faults = checked(connection, recipient, GivenValues(wanted.config_values, {}))
    faults += _visible(contents, target, wanted.config_values)
    refuse(_of_release(target, fault, list(wanted.config_values)) for fault in faults)
    check_size(given, wanted.config_values, limits)
    return Rollout(wanted, solution, contents, target, given, limits)


def _given_for(values: Iterable[GivenValue]) -> set[int]:
    """Return the releases for which values were given."""
    return {number for value in values for number in value.given_for}


def is_among(instance_id: str, percent: int) -> bool:
    """Return whether an instance belongs to a percentage of all instances.

    The result is always the same for an instance, and the instances of 10 % are among those of 20 %.
    """
    digest = hashlib.sha256(UUID(instance_id).bytes).digest()
    return int.from_bytes(digest[:8]) * 100 >> 64 < percent


def _owner(connection: Connection, owner: str) -> str:
    try:
        return read_external_user(connection, owner).user_id
    except UserError:
        raise UserError(not_found("owner")) from None


def _of_release(target: int, fault: Fault, external_ids: Sequence[str]) -> Fault:
    """Return a fault of a value in words about the release, and without the advice to upgrade: it would be for an
    instance that is on the release, and must move to a later one."""
    if fault.code is not FaultCode.NEEDS_UPGRADE:
        return fault
    match fault.path:
        case ("config_values", int(position), "external_id"):
            reason = f'Release {target} has no config slot "{external_ids[position]}"'
        case _:
            reason = fault.text
    return invalid(fault.path, reason, is_sentence=True)


def _visible(contents: Contents, target: int, config_values: Iterable[str]) -> list[Fault]:
    """Return the faults of values for slots that end users fill, which a roll-out cannot give."""
    return [
        invalid(("config_values", position, "external_id"), f'the slot "{external_id}" is filled by the end user')
        for position, external_id in enumerate(config_values)
        if isinstance(slot := contents[target].slot(SlotKind.CONFIG, external_id), ConfigSlot) and not slot.hidden
    ]


def _lacks(external_ids: Iterable[str]) -> str:
    listed = ", ".join(f'"{external_id}"' for external_id in dict.fromkeys(external_ids))
    return f"Hidden slots need a value: {listed}"
