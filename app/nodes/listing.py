"""Lists the content of a package by page, in the order of references: each package comes before its own content."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.identity.rights import Caller, rights_on
from app.nodes.linked import Linked, linked
from app.nodes.versions import Node
from app.nodes.visibility import read_visibility
from app.references import VersionKeyword, content_range

_WALK = sql_file("app.nodes", "list_nodes")
_VERSIONS = text(sql_file("app.nodes", "names_and_types"))


@dataclass(frozen=True)
class ListedNode:
    """A node with the name and the type of its latest version.

    Both are None if the only version is a draft that the caller may not use.
    """

    node: Node
    name: str | None
    type: Linked | None

    @property
    def number(self) -> int | None:
        """The number of the latest version that the caller may use."""
        return self.node.number(VersionKeyword.LATEST)


def list_nodes(
    connection: Connection, caller: Caller, package: Node | None, *, depth: int, after: str, limit: int
) -> list[ListedNode]:
    """Read the nodes that the caller may read below a package, or in the whole store.

    `depth` 1 means the nodes directly in the package, and 0 all nodes. The list begins after the reference `after`,
    whether or not such a node exists.
    """
    # No reference is empty, and "~" sorts after all characters of references.
    start, end = ("", "~") if package is None else content_range(package.reference)
    level = 0 if package is None else package.reference.count(".") + 1
    if depth and after.startswith(start) and after.count(".") + 1 >= level + depth:
        # The walk begins after the content of the last node of the previous page.
        after = ".".join(after.split(".")[: level + depth]) + "/"
    visibility = read_visibility(connection, caller)
    values = {
        "after": max(start, after),
        "end": end,
        "deepest": level + depth if depth else None,
        "limit": limit,
        **visibility.parameters,
    }
    rows = connection.execute(text(_WALK.format(readable=visibility.readable("w"))), values).all()
    rights = rights_on(connection, caller, [row.node_reference for row in rows])
    nodes = [Node(row[0], row[1], row[2], row[3], row[4], row[5], rights.on(*row[0:3])) for row in rows]
    return _with_versions(connection, caller, nodes)


def _with_versions(connection: Connection, caller: Caller, nodes: list[Node]) -> list[ListedNode]:
    numbers = {node.identifier: node.number(VersionKeyword.LATEST) for node in nodes}
    shown = {node: number for node, number in numbers.items() if number is not None}
    rows = connection.execute(_VERSIONS, {"nodes": list(shown), "numbers": list(shown.values())}).all()
    rights = rights_on(connection, caller, {row.node_reference for row in rows})
    versions = {row[0]: (row[1], linked(rights, *row[2:8])) for row in rows}
    return [ListedNode(node, *versions.get(node.identifier, (None, None))) for node in nodes]
