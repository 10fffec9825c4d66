"""What a plan is made from: the state of the store as plain integers, read in one go.

Nothing here is one object per node: the graph may have millions
of links.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from app.references import VersionKey
from app.system_nodes import MEMBER_TYPE_LIST

MemberLink = tuple[int, int, int, int, int, int]
"""A member with a target: (node, member type node, member type number, place, target node, target number). The place is
that among the members of its version, from 1; they are in the order of their member types and sequences."""


class Member(NamedTuple):
    """A member with all that the rules of its member type look at."""

    member_type: VersionKey
    place: int
    value: str | None
    scale: float | None
    target: VersionKey | None


@dataclass(frozen=True)
class DraftUser:
    """A draft whose type is a certain draft: `mine` if it is in scope and the caller administers it."""

    version: VersionKey
    edition: int
    mine: bool


@dataclass
class Graph:
    """The nodes in scope, their examined versions, and where links would move.

    `examined` gives the examined version of each node in scope that has one; `drafts` are those of them in
    draft. `sources` gives, per node, the version to which links to it move as things stand now; `moving` are
    the nodes whose new version, if this run makes one, becomes the source instead.
    `rights` covers the nodes in scope and all sources, `sizes` how many members each node in scope has.
    `outside_drafts` gives the edition of each node outside the scope whose draft is a source.
    """

    examined: dict[int, int]
    drafts: set[int]
    types: dict[int, VersionKey]
    links: list[MemberLink]
    sources: Mapping[int, int]
    moving: frozenset[int] | set[int]
    rights: Mapping[int, int]
    editions: Mapping[int, int]
    sizes: Mapping[int, int]
    outside_drafts: Mapping[int, int] = field(default_factory=dict)
    always_create: bool = False


@dataclass
class Details:
    """What a plan needs to know besides, of the few nodes that it concerns.

    `contents` has the members of the versions whose rules or data matter: nodes whose type changes, their types
    and member types, and the users of draft types. `lists` has the member type list of each type in use.
    `type_nodes` gives the node of a version's type. `references` names the member types.
    """

    contents: dict[VersionKey, list[Member]] = field(default_factory=dict)
    lists: dict[VersionKey, list[VersionKey]] = field(default_factory=dict)
    users: dict[int, list[DraftUser]] = field(default_factory=dict)
    type_nodes: dict[VersionKey, int] = field(default_factory=dict)
    references: dict[int, str] = field(default_factory=dict)


def listed_types(content: Iterable[Member]) -> list[VersionKey]:
    """The member type versions that a type lists, in order."""
    listed = [
        (member.place, member.target)
        for member in content
        if member.member_type[0] == MEMBER_TYPE_LIST and member.target is not None
    ]
    return [target for _, target in sorted(listed)]
