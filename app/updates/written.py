"""Works out what each step writes: the numbers of a version's type, member types and targets, and which members stay.

All of this is known before the first step is done. A link moves as soon as the version that it moves to has been
written. A member moves to the version of its member type that its type lists at that time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from app.nodes.members import CheckedMember, listed_types
from app.references import VersionKey
from app.updates.packed import PackedMembers
from app.updates.plan import Plan

Numbers = list[int | None]
"""Version numbers in the order of a version's members; None for a member without a target."""


class WrittenVersion(NamedTuple):
    """The numbers that a step writes, for all members of the version that it reads. None leaves them unchanged.

    `kept` are the positions of the members that stay, from 1; None if all stay.
    """

    type_number: int
    member_type_numbers: Sequence[int] | None = None
    target_numbers: Numbers | None = None
    kept: list[int] | None = None


@dataclass
class Writer:
    """Follows the steps of a plan and works out what each one writes.

    `written_at` gives the ordinal of the step that wrote a node first. The writer keeps the members only of the few
    nodes whose member types move, with the targets that they had before the first step.
    """

    plan: Plan
    written_at: Mapping[int, int]
    _renewed: set[int] = field(init=False)
    _types: dict[int, int] = field(default_factory=dict)
    _members: dict[int, PackedMembers] = field(default_factory=dict)
    _last_step: dict[int, int] = field(default_factory=dict)
    _versions: dict[int, VersionKey] = field(default_factory=dict)

    def __post_init__(self) -> None:
        graph = self.plan.graph
        updated = {update.node for update in self.plan.updates}
        self._renewed = {node for node in updated if node in graph.moving and node not in graph.drafts}

    def write(self, version: VersionKey, new_type: VersionKey | None, ordinal: int, late: Set[int]) -> WrittenVersion:
        """Return what the step with this ordinal writes to a version. Links to `late` nodes are not changed."""
        node = version[0]
        self._versions[node] = version
        self._last_step[node] = ordinal
        if new_type is not None:
            self._types[node] = new_type[1]
        type_number = self._types.get(node, self.plan.graph.types[node][1])
        if node in self.plan.new_types:
            return self._write_members(node, new_type, type_number, ordinal)
        return WrittenVersion(type_number, None, self._target_numbers(node, late))

    def move_to_list(self, node: int, number: int, version: VersionKey) -> Sequence[int]:
        """Return the member type numbers of a draft after the list of its type, which is this version, has moved.

        `number` is the number of the draft in the store. A member whose member type is not listed keeps its version.
        """
        listed = _Listed(self._list_now(version))
        moved = self._packed(node, number).moved(listed.version_or_same)
        self._members[node] = moved
        return moved.type_numbers()

    def _target_numbers(self, node: int, late: Set[int]) -> Numbers | None:
        """Return the target numbers of a node after all its links have moved but those to `late` nodes.

        Returns None if no link of the node moves.
        """
        plan = self.plan
        numbers: Numbers = [None] * plan.graph.sizes[node]
        source = plan.sources.get
        moves = False
        for _, _, _, place, target, number in plan.graph.links.of(node):
            later = source(target, 0)
            if later <= number:
                numbers[place - 1] = number
                continue
            moves = True
            numbers[place - 1] = number if target in late else later
        return numbers if moves else None

    def _write_members(self, node: int, new_type: VersionKey | None, type_number: int, ordinal: int) -> WrittenVersion:
        """Move the members of a node whose type changes in this run, in this step if `new_type` is given."""
        before = after = self._packed(node, self.plan.graph.examined[node])
        member_types = before
        kept: list[int] | None = None
        if new_type is not None:
            # A node that is its own type already has its new list.
            listed = _Listed(self._list_now(new_type))
            member_types, after = before.moved(listed.version_or_same), before.moved(listed.version_of)
            if after.size < before.size:
                kept = before.positions_under(listed.version_of)
        self._members[node] = after
        return WrittenVersion(
            type_number,
            member_types.type_numbers(),
            [None if target is None else self._number(*target, ordinal) for target in before.targets()],
            kept,
        )

    def _packed(self, node: int, number: int) -> PackedMembers:
        """Return the members of a node's latest version, with the targets that they had before the first step."""
        members = self._members.get(node)
        return self.plan.details.contents[node, number] if members is None else members

    def _members_now(self, node: int, number: int) -> Iterator[CheckedMember]:
        """Yield the members of a node's latest version, as the steps so far have written it."""
        last_step = self._last_step.get(node)
        for member in self._packed(node, number):
            yield member if last_step is None else self._moved(member, last_step)

    def _list_now(self, version: VersionKey) -> list[VersionKey]:
        """Return the list of a type, as the steps so far have written it."""
        node = version[0]
        if self._versions.get(node) == version:
            return listed_types(self._members_now(node, self.plan.graph.examined[node]))
        return listed_types(self.plan.details.contents[version])

    def _moved(self, member: CheckedMember, ordinal: int) -> CheckedMember:
        if member.target is None:
            return member
        node, number = member.target
        return member._replace(target=(node, self._number(node, number, ordinal)))

    def _number(self, target: int, number: int, ordinal: int) -> int:
        """Return the version of a link after a step: the new version, if it is later and has been written by then."""
        source = self.plan.sources.get(target, 0)
        if source <= number:
            return number
        if target in self._renewed and self.written_at.get(target, ordinal + 1) > ordinal:
            return number
        return source


class _Listed:
    """The member type versions that a type lists."""

    def __init__(self, listed: Iterable[VersionKey]) -> None:
        self._versions = frozenset(listed)
        self._highest = dict(sorted(self._versions))

    def version_of(self, member_type: VersionKey) -> VersionKey | None:
        """Return the version that a member moves to: its own if listed, else the highest listed one, else None."""
        if member_type in self._versions:
            return member_type
        highest = self._highest.get(member_type[0])
        return None if highest is None else (member_type[0], highest)

    def version_or_same(self, member_type: VersionKey) -> VersionKey:
        """Return the version that a member moves to. If there is none, the member keeps its version."""
        return self.version_of(member_type) or member_type
