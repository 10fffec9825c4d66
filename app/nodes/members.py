"""The members of versions, as far as the rules of their member types look at them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from app.references import VersionKey
from app.system_nodes import MEMBER_TYPE_LIST


class CheckedMember(NamedTuple):
    """A member with all that the rules of its member type look at."""

    member_type: VersionKey
    place: int
    value: str | None
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
