"""The members of versions, as far as the rules of their member types look at them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import NamedTuple

from app.references import VersionKey
from app.system_nodes import MEMBER_TYPE_LIST


class LongValue(NamedTuple):
    """A value that stays in the database because it is long: the version and the place of its member."""

    version: VersionKey
    place: int
    beginning: str


ReadLongValues = Callable[[VersionKey, list[int]], Generator[tuple[int, str], None, None]]
"""Reads the values at some places of a version, in the order of the places."""


class CheckedMember(NamedTuple):
    """A member with all that the rules of its member type look at."""

    member_type: VersionKey
    place: int
    value: str | LongValue | None
    scale: float | None
    target: VersionKey | None


def listed_types(content: Iterable[CheckedMember]) -> list[VersionKey]:
    """Return the member type versions that a type lists, in order."""
    listed = [
        (member.place, member.target)
        for member in content
        if member.member_type[0] == MEMBER_TYPE_LIST and member.target is not None
    ]
    return [target for _, target in sorted(listed)]
