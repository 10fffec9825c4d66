"""The scope of a small update, read by one statement together with the node that the request names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from app.database.connection import DriverConnection
from app.database.sql_files import sql_file
from app.identity.rights import MOST_KNOWN, Caller, Grant, Rights
from app.nodes.versions import Node, readable, wanted_node
from app.references import VersionKey
from app.updates.links import COLUMNS, Links, MemberLink
from app.updates.options import Options, SourceScope
from app.updates.sources import SmallSources, received, send_statements

MOST: Final = 200
"""The most nodes of a small scope."""


@dataclass(frozen=True)
class SmallScope:
    """The context node of an update, the caller whose rights were read with it, and the scope.

    `nodes` are the rows of the nodes in scope, as `scope_nodes.sql` reads them, and `references` are by node. `links`
    and `types` are those of the latest and of the frozen version of each node. `names` are those of the versions of the
    context node, by number. `sources` is None if the scope itself is the source, or
    if there are too many to read them together.
    """

    node: Node
    caller: Caller
    rights: Rights
    sources: SmallSources | None = None
    nodes: list[tuple[int, ...]] = field(default_factory=list)
    references: dict[int, str] = field(default_factory=dict)
    types: dict[VersionKey, VersionKey] = field(default_factory=dict)
    links: dict[VersionKey, list[MemberLink]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def rows(self) -> Iterator[tuple[int, ...]]:
        """Yield the rows of the nodes."""
        return iter(self.nodes)

    def types_of(self, versions: list[VersionKey]) -> dict[VersionKey, VersionKey]:
        """Return the types of frozen versions of these nodes."""
        return {version: self.types[version] for version in versions}

    def links_of(self, hidden: list[int]) -> Links:
        """Return the links of the latest versions; of the frozen versions for nodes whose draft is hidden."""
        examined = [(row[0], row[2] if row[0] in hidden else row[1]) for row in self.nodes]
        links = [link for version in examined for link in self.links.get(version, ())]
        return Links(list(zip(*links, strict=True)) or [()] * COLUMNS)

    def add(self, row: tuple[Any, ...]) -> None:
        """Add a row of the statement."""
        node, reference, owner, frozen, latest, edition, number, type_node, type_number, *members, name, _ = row
        if number == latest:
            size = len(members[0])
            self.nodes.append((node, latest, frozen, edition, owner or 0, type_node, type_number, size))
        self.references[node] = reference
        self.types[node, number] = (type_node, type_number)
        self.links[node, number] = [
            (node, member_type, member_type_number, place, target, target_number)
            for place, (member_type, member_type_number, target, target_number) in enumerate(
                zip(*members, strict=True), start=1
            )
            if target is not None
        ]
        if name is not None:
            self.names[number] = name


def read_small_scope(
    driver: DriverConnection,
    caller: Caller,
    identifier: int | None,
    reference: str | None,
    options: Options,
    *,
    first: bool = False,
) -> SmallScope | None:
    """Read the node that a request names by identifier or reference, its scope and its sources, in one round trip.

    `first` says that this begins a transaction, whose snapshot all statements need that read sources. Returns None if
    the scope is too large, or if the caller holds too many permissions. Raises UserError (105) and NotAuthorisedError
    (101) as `find_node` does.
    """
    wanted = wanted_node(identifier, reference, "node")
    parameters = {
        "identifier": wanted.identifier,
        "reference": wanted.reference,
        "groups": caller.groups_with_permissions,
        "content": options.update_content,
        "most": MOST,
        "most_permissions": MOST_KNOWN + 1,
    }
    sent = None
    with driver.first_statements() if first else nullcontext():
        found = driver.execute(sql_file("app.updates", "small_scope"), parameters, prepare=True)
        if options.source_scope is not SourceScope.NODE:
            sent = send_statements(driver, options, parameters)
    rows: list[Any] = found.fetchall()
    if not rows:
        raise wanted.missing(caller)
    named = next(row for row in rows if row[-1] is not None)
    caller = caller.knowing([Grant(*each) for each in named[-1]])
    if caller.known is None:
        return None
    columns: tuple[int, str, int | None, int, int, int] = named[:6]
    node = Node(*columns, caller.known.on(*columns[:3]))
    sources = None if sent is None else received(sent, caller.known)
    scope = SmallScope(readable(wanted, caller, node), caller, caller.known, sources)
    for row in rows:
        scope.add(row)
    return scope if len(scope.nodes) <= MOST else None
