"""The input of a plan: the part of the store that it needs.

A graph consists of plain integers, without an object for each node or link, because it may have millions of links.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from app.nodes.members import CheckedMember, ReadLongValues
from app.references import VersionKey
from app.updates.links import Links
from app.updates.packed import PackedMembers

ReadMembers = Callable[[Sequence[VersionKey]], Mapping[VersionKey, list[CheckedMember]]]
"""Reads the members of versions with their values."""


@dataclass(frozen=True)
class DraftUser:
    """A draft whose type is a given draft. `mine` is true if it is in scope and the caller administers it."""

    version: VersionKey
    edition: int
    mine: bool


@dataclass
class Graph:
    """The nodes in scope, their examined versions, and where links would move.

    `examined` gives the examined version of each node in scope that has one; `drafts` are the nodes whose examined
    version is a draft. `sources` gives the version to which links to a node move before the update; `moving` are the
    nodes whose new version, if this run writes one, becomes the source instead. `rights` covers the nodes in scope and
    all sources. `sizes` gives the number of members of each node in scope. `outside_drafts` gives the edition of each
    node outside the scope whose draft is a source.
    """

    examined: dict[int, int]
    drafts: set[int]
    types: dict[int, VersionKey]
    links: Links
    sources: Mapping[int, int]
    moving: Set[int]
    rights: Mapping[int, int]
    editions: Mapping[int, int]
    sizes: Mapping[int, int]
    outside_drafts: Mapping[int, int] = field(default_factory=dict)
    always_create: bool = False


@dataclass
class Details:
    """Details that a plan needs beyond the graph, of the few nodes that they concern.

    `contents` gives the members of the versions whose lists or data matter: nodes whose type changes, their types, and
    the users of draft types. `rule_members` gives the rules of member types. `lists` gives the member type list of each
    type in use. `type_nodes` gives the node of a version's type, and `references` the references of member types.

    `with_values` gives the members with their values if these have been read already. `read_values` reads them, and
    `read_long` reads long values, as long as the snapshot is open.
    """

    contents: dict[VersionKey, PackedMembers] = field(default_factory=dict)
    rule_members: dict[VersionKey, list[CheckedMember]] = field(default_factory=dict)
    with_values: dict[VersionKey, list[CheckedMember]] = field(default_factory=dict)
    lists: dict[VersionKey, list[VersionKey]] = field(default_factory=dict)
    users: dict[int, list[DraftUser]] = field(default_factory=dict)
    type_nodes: dict[VersionKey, int] = field(default_factory=dict)
    references: dict[int, str] = field(default_factory=dict)
    read_values: ReadMembers = field(default=lambda _: {})
    read_long: ReadLongValues | None = None
