"""Judges what the new lists of types do to the data of versions: removed members, moved members and broken rules."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.nodes.compatibility import Rules, fit
from app.nodes.members import CheckedMember, listed_types
from app.nodes.patterns import PatternCheck
from app.references import VersionKey
from app.system_nodes import VALUE_PATTERN
from app.updates.graph import Details, Graph
from app.updates.packed import PackedMembers

MEMBERS_AT_ONCE: Final = 20_000
"""The most members that are read at once, unless a single version has more."""
_LISTS: Final = 100
"""The most lists that are kept: nodes of the same type often follow each other."""


@dataclass(frozen=True)
class Judgement:
    """What a new list does to data: how many members it removes, the place of the first one of each member type,
    whether it moves members, and the rules that the others break. The members themselves are not kept, since they may
    be many."""

    removed: int
    removed_types: dict[VersionKey, int]
    moved: bool
    broken: list[tuple[VersionKey, str]]


@dataclass
class DataValues:
    """The members of versions with their values, which are read again for each check of a pattern.

    `order` gives the versions in the order in which they are probably needed, so that they can be read in blocks.
    `judged` has the last judgement of each version that has needed values, with a digest of all that it depends on: a
    later attempt to plan the same update reads the values again only if these have changed.
    """

    details: Details
    order: Sequence[VersionKey]
    judged: dict[VersionKey, tuple[bytes, Judgement]] = field(default_factory=dict)
    has_patterns: bool = field(init=False)
    _places: dict[VersionKey, int] = field(init=False)
    _block: Mapping[VersionKey, list[CheckedMember]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.has_patterns = any(
            member.member_type[0] == VALUE_PATTERN
            for members in self.details.rule_members.values()
            for member in members
        )
        self._places = {version: place for place, version in enumerate(self.order)}

    def members(self, version: VersionKey) -> list[CheckedMember]:
        """Return the members of a version; values of more than 100 characters are left in the database."""
        members = self.details.with_values.get(version) or self._block.get(version)
        if members is None:
            self._block = {}
            self._block = self.details.read_values(self._next(version))
            members = self._block[version]
        return members

    def _next(self, version: VersionKey) -> list[VersionKey]:
        """Return a version and some of those that are probably needed after it."""
        contents = self.details.contents
        first = self._places.get(version, len(self.order))
        block, size = [version], contents[version].size
        for place in range(first + 1, len(self.order)):
            size += contents[self.order[place]].size
            if size > MEMBERS_AT_ONCE:
                break
            block.append(self.order[place])
        return block


class Judge:
    """Judges the data of versions, given the nodes that one attempt to plan an update updates."""

    def __init__(
        self,
        graph: Graph,
        values: DataValues,
        updated: Collection[int],
        sources: Mapping[int, int],
        patterns: PatternCheck,
    ) -> None:
        self._graph = graph
        self._details = values.details
        self._values = values
        self._updated = updated
        self._sources = sources
        self._patterns = patterns
        self._rules: dict[VersionKey, Rules] = {}
        self._lists_before: dict[VersionKey, list[VersionKey]] = {}
        self._lists_after: dict[VersionKey, list[VersionKey]] = {}

    def list_before(self, version: VersionKey) -> list[VersionKey]:
        """Return the list of a type before the run."""
        return _recent(self._lists_before, version, lambda of: listed_types(self._details.contents[of]))

    def list_after(self, version: VersionKey) -> list[VersionKey]:
        """Return the list that a version of a type will have when the run is done."""
        return _recent(self._lists_after, version, self._list_after)

    def judge(self, version: VersionKey, old_list: list[VersionKey], new_list: list[VersionKey]) -> Judgement:
        """Judge the data of a version that moves from one list to another.

        The links of the version move too if the update examines it and updates its node.
        """
        node, number = version
        moves = node in self._updated and number == self._graph.examined[node]
        content = self._details.contents[version]
        if not (self._values.has_patterns and self._needs_values(content.member_types, old_list, new_list)):
            return self._judged(content, old_list, new_list, moves=moves)
        digest = self._digest(content, old_list, new_list, moves=moves)
        known, judgement = self._values.judged.get(version, (b"", None))
        if judgement is None or known != digest:
            judgement = self._judged(self._values.members(version), old_list, new_list, moves=moves)
            self._values.judged[version] = digest, judgement
        return judgement

    def _judged(
        self, content: Iterable[CheckedMember], old_list: list[VersionKey], new_list: list[VersionKey], *, moves: bool
    ) -> Judgement:
        members = [self._after(member) for member in content] if moves else list(content)
        read_long = self._details.read_long
        fitted = fit(members, old_list, new_list, self._rules_after, self._type_node, self._patterns, read_long)
        return Judgement(len(fitted.removed), _first_places(fitted.removed), fitted.moved, fitted.broken)

    def _needs_values(
        self, member_types: set[VersionKey], old_list: list[VersionKey], new_list: list[VersionKey]
    ) -> bool:
        """Return whether data of these member types must match a pattern that it did not have to match before."""
        nodes = {node for node, _ in member_types}
        return any(
            of[0] in nodes and self._rules_after(of).pattern is not None and of not in old_list for of in new_list
        )

    def _digest(
        self, content: PackedMembers, old_list: list[VersionKey], new_list: list[VersionKey], *, moves: bool
    ) -> bytes:
        """Return a digest of the lists and of the sources of the targets."""
        numbers = array("q", [len(old_list)])
        for member_type in (*old_list, *new_list):
            numbers.extend(member_type)
        if moves:
            numbers.extend([self._sources.get(target[0], 0) for target in content.targets() if target is not None])
        return hashlib.blake2b(numbers, digest_size=16).digest()

    def _list_after(self, version: VersionKey) -> list[VersionKey]:
        node = version[0]
        stored = self._stored(version)
        content = self._details.contents[stored]
        moves = node in self._updated and stored[1] == self._graph.examined[node]
        if not moves or (stored == version and node not in self._graph.drafts):
            return listed_types(content)
        return listed_types(map(self._after, content))

    def _rules_after(self, version: VersionKey) -> Rules:
        rules = self._rules.get(version)
        if rules is None:
            # Rules do not depend on the versions of targets.
            members = self._details.rule_members[self._stored(version)]
            rules = self._rules[version] = Rules.of(members, self._details.read_long)
        return rules

    def _stored(self, version: VersionKey) -> VersionKey:
        """Return the stored version that becomes this one: its predecessor, if the run makes the version."""
        node, number = version
        if node not in self._updated or node in self._graph.drafts:
            return version
        examined = self._graph.examined[node]
        return (node, examined) if number == examined + 1 else version

    def _after(self, member: CheckedMember) -> CheckedMember:
        """Return a member with the target that it has when the run is done."""
        if member.target is None:
            return member
        node, number = member.target
        source = self._sources.get(node, 0)
        return member._replace(target=(node, source)) if source > number else member

    def _type_node(self, version: VersionKey) -> int | None:
        """Return the node of a version's type. A relink moves a type to another version, never to another node."""
        found = self._details.type_nodes.get(version)
        if found is None and version[0] in self._graph.types:
            found = self._graph.types[version[0]][0]
        return found


def _recent(
    lists: dict[VersionKey, list[VersionKey]], version: VersionKey, read: Callable[[VersionKey], list[VersionKey]]
) -> list[VersionKey]:
    """Return a list that has been read recently, or read it."""
    found = lists.get(version)
    if found is None:
        if len(lists) >= _LISTS:
            lists.clear()
        found = lists[version] = read(version)
    return found


def _first_places(members: Iterable[CheckedMember]) -> dict[VersionKey, int]:
    """Return the place of the first member of each member type."""
    first: dict[VersionKey, int] = {}
    for member in members:
        first[member.member_type] = min(member.place, first.get(member.member_type, member.place))
    return first
