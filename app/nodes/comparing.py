"""The differences between two versions, as far as the reader may see them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.nodes.version_content import VisibleMember


class DifferenceKind(StrEnum):
    """The kind of a difference between the members of two versions."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True)
class MemberDifference:
    """A member that is in only one of the versions, or that differs between them."""

    old: VisibleMember | None
    new: VisibleMember | None

    @property
    def kind(self) -> DifferenceKind:
        """Added, changed or removed."""
        if self.old is None:
            return DifferenceKind.ADD
        return DifferenceKind.REMOVE if self.new is None else DifferenceKind.CHANGE


_Pair = tuple[VisibleMember, VisibleMember]
_KEYS: Sequence[Callable[[VisibleMember], Hashable]] = (
    lambda member: (member.value, member.scale, member.target, member.comment, member.member_type),
    lambda member: (member.value, member.scale, member.target),
    lambda member: member.target and member.target.node_reference,
    lambda member: None if member.target else member.sequence,
)
"""The keys by which members of two versions are matched, the most reliable first."""


def compare_members(old: Sequence[VisibleMember], new: Sequence[VisibleMember]) -> list[MemberDifference]:
    """Return the differences in the order of the member types of the new version; those only in the old come last.

    The members of one member type, in any version of it, are an ordered list. Members with the same content are matched
    first, then members that link to the same node, then members without a target that have the same position. A member
    also counts as changed if its order among the matched members differs.
    """
    old_lists, new_lists = _by_member_type(old), _by_member_type(new)
    found: list[MemberDifference] = []
    for member_type in dict.fromkeys([*new_lists, *old_lists]):
        found += _differences(old_lists.get(member_type, []), new_lists.get(member_type, []))
    return found


def _by_member_type(members: Sequence[VisibleMember]) -> dict[str, list[VisibleMember]]:
    lists: dict[str, list[VisibleMember]] = defaultdict(list)
    for member in members:
        if member.member_type is not None:
            lists[member.member_type.node_reference].append(member)
    return lists


def _differences(old: list[VisibleMember], new: list[VisibleMember]) -> Iterator[MemberDifference]:
    pairs: list[_Pair] = []
    for key in _KEYS:
        matched, old, new = _matched(old, new, key)
        pairs += matched
    moved = _moved(pairs)
    changed = [
        MemberDifference(before, after)
        for before, after in pairs
        if after.sequence in moved or _content(before) != _content(after)
    ]
    changed += [MemberDifference(None, after) for after in new]
    yield from sorted(changed, key=lambda each: each.new.sequence if each.new else 0)
    yield from (MemberDifference(before, None) for before in old)


def _matched(
    old: list[VisibleMember], new: list[VisibleMember], key: Callable[[VisibleMember], Hashable]
) -> tuple[list[_Pair], list[VisibleMember], list[VisibleMember]]:
    """Return the pairs with equal keys, matched in order, and the rest of both lists. A key of None matches nothing."""
    waiting: dict[Hashable, list[VisibleMember]] = defaultdict(list)
    for member in reversed(old):
        waiting[key(member)].append(member)
    waiting.pop(None, None)
    pairs: list[_Pair] = []
    left: list[VisibleMember] = []
    for member in new:
        same = waiting.get(key(member))
        if same:
            pairs.append((same.pop(), member))
        else:
            left.append(member)
    taken = {before.sequence for before, _ in pairs}
    return pairs, [member for member in old if member.sequence not in taken], left


def _content(member: VisibleMember) -> tuple[object, ...]:
    return (member.member_type, member.value, member.scale, member.target, member.comment)


def _moved(pairs: list[_Pair]) -> set[int]:
    """Return the new sequences of the members that are not in a longest series of members that kept their order."""
    order = [after.sequence for _, after in sorted(pairs, key=lambda pair: pair[0].sequence)]
    ends: list[int] = []
    ends_at: list[int] = []
    before: list[int | None] = []
    for index, sequence in enumerate(order):
        length = bisect_left(ends, sequence)
        ends[length : length + 1] = [sequence]
        ends_at[length : length + 1] = [index]
        before.append(ends_at[length - 1] if length else None)
    kept: set[int] = set()
    place = ends_at[-1] if ends_at else None
    while place is not None:
        kept.add(order[place])
        place = before[place]
    return set(order) - kept
