"""What a plan is made from: the state of the store as plain integers, read in one go.

A link is (node identifier, version number). Nothing here is one object per node: the graph may have millions
of links.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Link = tuple[int, int]
"""A version of a node: (node identifier, version number)."""

MemberLink = tuple[int, int, int, int, int, int]
"""A member with a target: (node, member type node, member type number, sequence, target node, target number)."""


class Member(NamedTuple):
    """A member with all that the rules of its member type look at."""

    member_type: Link
    sequence: int
    value: str | None
    scale: float | None
    target: Link | None


@dataclass(frozen=True)
class DraftUser:
    """A draft whose type is a certain draft: `mine` if it is in scope and the caller administers it."""

    version: Link
    edition: int
    mine: bool


@dataclass
class Snapshot:
    """The nodes in scope, their examined versions, and where links would move.

    `examined` gives the examined version of each node in scope that has one; `drafts` are those of them in
    draft. `sources` gives, per node, the version to which links to it move as things stand now; `moving` are
    the nodes whose new version, if this run makes one, becomes the source instead.
    `rights` covers the nodes in scope and all sources.
    """

    examined: dict[int, int]
    drafts: set[int]
    types: dict[int, Link]
    links: list[MemberLink]
    sources: Mapping[int, int]
    moving: frozenset[int] | set[int]
    rights: Mapping[int, int]
    editions: Mapping[int, int]
    always_create: bool = False


@dataclass
class Details:
    """What a plan needs to know besides, of the few nodes that it concerns.

    `contents` has the members of the versions whose rules or data matter: nodes whose type changes, their types
    and member types, and the users of draft types. `lists` has the member type list of each type in use.
    `type_nodes` gives the node of a version's type. `references` names the member types.
    """

    contents: dict[Link, list[Member]] = field(default_factory=dict)
    lists: dict[Link, list[Link]] = field(default_factory=dict)
    users: dict[int, list[DraftUser]] = field(default_factory=dict)
    type_nodes: dict[Link, int] = field(default_factory=dict)
    references: dict[int, str] = field(default_factory=dict)
