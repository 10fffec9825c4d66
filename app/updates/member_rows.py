"""The member rows of an update: their order, and the change of each link."""

from __future__ import annotations

from collections.abc import Mapping

from app.references import VersionKey
from app.updates.rows import MemberUpdate

Place = tuple[int, str, int]
"""The sort key of member rows: position in the type's list, then reference and number of the member type."""

_UNLISTED = 1 << 60


class MemberPlaces(dict[VersionKey, Place]):
    """The place of each member type, computed on first use."""

    def __init__(self, listed: Mapping[VersionKey, int], references: Mapping[int, str]) -> None:
        super().__init__()
        self._listed = listed
        self._references = references

    def __missing__(self, member_type: VersionKey) -> Place:
        position = self._listed.get(member_type, _UNLISTED)
        reference = "" if position < _UNLISTED else self._references[member_type[0]]
        place = self[member_type] = (position, reference, member_type[1])
        return place


class LinkChanges(dict[VersionKey, dict[int, MemberUpdate]]):
    """The change of each target node of each member type.

    Equal changes are one object, because many nodes link to the same target.
    """

    def __init__(self, sources: Mapping[int, int]) -> None:
        super().__init__()
        self._sources = sources

    def __missing__(self, member_type: VersionKey) -> dict[int, MemberUpdate]:
        changes = self[member_type] = _ChangesOfType(member_type, self._sources)
        return changes


class _ChangesOfType(dict[int, MemberUpdate]):
    """The change of each target node of one member type."""

    def __init__(self, member_type: VersionKey, sources: Mapping[int, int]) -> None:
        super().__init__()
        self._member_type = member_type
        self._sources = sources

    def __missing__(self, target: int) -> MemberUpdate:
        change = self[target] = MemberUpdate(self._member_type, (target, self._sources[target]))
        return change
