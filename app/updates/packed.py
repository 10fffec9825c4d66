"""The members of a version in compact form: an object for each member takes more than a hundred bytes."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from app.nodes.members import CheckedMember
from app.references import VersionKey
from app.updates.links import Links

VALUE, SCALE = 1, 2
"""What a member has, as bits of a number."""
_TARGET = 4


class PackedMembers:
    """The members of one version, in their order, without the texts of their values.

    Members of the same member type usually follow each other, so the member types are stored once for each such run. A
    byte for each member says what it has. The targets are read from the links of the graph, if these are the links of
    the same version.

    A member that has a value or a scale is yielded with the value `""` or the scale 0.
    """

    __slots__ = ("_counts", "_flags", "_targets", "_types", "size")

    def __init__(
        self,
        types: tuple[VersionKey | None, ...],
        counts: array[int],
        flags: bytes,
        targets: array[int] | tuple[Links, int],
    ) -> None:
        """Take the member type of each run, or None if its members are removed, and how many members it has."""
        self._types = types
        self._counts = counts
        self._flags = flags
        self._targets = targets
        self.size = sum(count for member_type, count in zip(types, counts, strict=True) if member_type is not None)

    def __iter__(self) -> Iterator[CheckedMember]:
        """Yield the members that are not removed, with the places that they had before others were removed."""
        targets, flags = self._all_targets(), self._flags
        end = 0
        for member_type, count in zip(self._types, self._counts, strict=True):
            begin, end = end, end + count
            for place in range(begin, end):
                has = flags[place]
                target = next(targets) if has & _TARGET else None
                if member_type is not None:
                    value, scale = "" if has & VALUE else None, 0.0 if has & SCALE else None
                    yield CheckedMember(member_type, place + 1, value, scale, target)

    @property
    def member_types(self) -> set[VersionKey]:
        """The member types of the members."""
        return {member_type for member_type in self._types if member_type is not None}

    def type_numbers(self) -> array[int]:
        """Return the version number of the member type of each member."""
        numbers = array("i")
        for member_type, count in zip(self._types, self._counts, strict=True):
            if member_type is not None:
                numbers.extend(array("i", [member_type[1]]) * count)
        return numbers

    def targets(self) -> Iterator[VersionKey | None]:
        """Yield the target of each member."""
        targets, end = self._all_targets(), 0
        for member_type, count in zip(self._types, self._counts, strict=True):
            begin, end = end, end + count
            for has in self._flags[begin:end]:
                target = next(targets) if has & _TARGET else None
                if member_type is not None:
                    yield target

    def positions_under(self, kept: Callable[[VersionKey], object]) -> list[int]:
        """Return the positions, from 1, of the members whose member type is one for which `kept` is not None."""
        positions: list[int] = []
        end = 1
        for member_type, count in zip(self._types, self._counts, strict=True):
            if member_type is not None:
                begin, end = end, end + count
                if kept(member_type) is not None:
                    positions.extend(range(begin, end))
        return positions

    def moved(self, to: Callable[[VersionKey], VersionKey | None]) -> PackedMembers:
        """Return the members with other member types, without those for which `to` returns None."""
        after = {member_type: to(member_type) for member_type in self.member_types}
        types = tuple([None if of is None else after[of] for of in self._types])
        return PackedMembers(types, self._counts, self._flags, self._targets)

    def _all_targets(self) -> Iterator[VersionKey]:
        """Yield the targets of all members that have one, also of removed members."""
        if isinstance(self._targets, tuple):
            links, node = self._targets
            return ((link[4], link[5]) for link in links.of(node))
        numbers = iter(self._targets)
        return zip(numbers, numbers, strict=True)


def pack(members: Sequence[CheckedMember]) -> PackedMembers:
    """Pack the members of a version."""
    targets = array("q")
    flags = bytearray()
    for member in members:
        has = VALUE if member.value is not None else 0
        if member.scale is not None:
            has |= SCALE
        if member.target is not None:
            has |= _TARGET
            targets.extend(member.target)
        flags.append(has)
    types, counts = _runs(member.member_type for member in members)
    return PackedMembers(types, counts, bytes(flags), targets)


def pack_columns(
    member_types: Iterable[VersionKey],
    targets: Sequence[int | None],
    target_numbers: Sequence[int | None],
    has: Sequence[int],
    linked: tuple[Links, int] | None,
) -> PackedMembers:
    """Pack the columns of the members of a version.

    `has` says which members have a value or a scale; it is empty if none has. If `linked` is given, its node has the
    links of this version.
    """
    flags = bytearray(has) if has else bytearray(len(targets))
    numbers = array("q")
    for place, (target, number) in enumerate(zip(targets, target_numbers, strict=True)):
        if target is not None and number is not None:
            flags[place] |= _TARGET
            if linked is None:
                numbers.extend((target, number))
    types, counts = _runs(member_types)
    return PackedMembers(types, counts, bytes(flags), numbers if linked is None else linked)


def _runs(member_types: Iterable[VersionKey]) -> tuple[tuple[VersionKey, ...], array[int]]:
    """Return the member type of each run, and the number of its members."""
    runs = [(member_type, sum(1 for _ in members)) for member_type, members in groupby(member_types)]
    return tuple([member_type for member_type, _ in runs]), array("I", [count for _, count in runs])
