"""The nodes in the scope of an update with their links, and the graph that follows from them for a caller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, cast

from psycopg import sql
from sqlalchemy import Connection

from app.database.copy import read_integers
from app.database.engine import driver_connection
from app.database.sql_files import sql_file
from app.identity import right
from app.identity.rights import Rights
from app.nodes.lookup import read_references, read_types
from app.nodes.versions import Node
from app.references import VersionKey, content_range
from app.updates.graph import Graph, MemberLink


class Scope(Protocol):
    """The nodes in scope, as `scope_nodes.sql` reads them."""

    @property
    def rows(self) -> Sequence[tuple[int, ...]]:
        """The rows of the nodes."""

    def types_of(self, versions: list[VersionKey]) -> dict[VersionKey, VersionKey]:
        """Return the types of frozen versions of these nodes."""

    def links_of(self, hidden: list[int]) -> list[MemberLink]:
        """Return the links of the latest versions; of the frozen versions for nodes whose draft is hidden."""


class StoredScope:
    """A scope that is read in bulk."""

    def __init__(self, connection: Connection, context: Node, *, content: bool) -> None:
        self._driver = driver_connection(connection)
        self._condition = within(context.reference) if content else _alone(context.identifier)
        self._rows = list(copied(connection, "scope_nodes", 8, in_scope=self._condition))

    @property
    def rows(self) -> Sequence[tuple[int, ...]]:
        """The rows of the nodes."""
        return self._rows

    def references(self) -> dict[int, str]:
        """Read the references of the nodes."""
        return read_references(self._driver, [row[0] for row in self._rows])

    def types_of(self, versions: list[VersionKey]) -> dict[VersionKey, VersionKey]:
        """Read the types of versions."""
        return read_types(self._driver, versions) if versions else {}

    def links_of(self, hidden: list[int]) -> list[MemberLink]:
        """Read the links of the latest versions; of the frozen versions for nodes whose draft is hidden."""
        number: sql.Composable = sql.SQL("n.latest_version_number")
        if hidden:
            number = sql.SQL(
                "CASE WHEN n.node_identifier = ANY ({}) THEN n.frozen_version_number ELSE n.latest_version_number END"
            ).format(hidden)
        query = sql.SQL(sql_file("app.updates", "scope_links")).format(in_scope=self._condition, examined=number)
        return cast(list[MemberLink], list(read_integers(self._driver, query, 6)))


def graph_without_sources(
    scope: Scope, rights_of: Rights, references: Mapping[int, str], *, always_create: bool
) -> Graph:
    """Return the graph of a scope, without the versions to which links move."""
    rows = scope.rows
    rights = {row[0]: rights_of.on(row[0], references.get(row[0], ""), row[4]) for row in rows}
    examined: dict[int, int] = {}
    drafts: set[int] = set()
    types: dict[int, VersionKey] = {}
    hidden: list[int] = []
    for node, latest, frozen, _, _, type_node, type_number, _ in rows:
        if latest == frozen:
            examined[node] = latest
        elif rights[node] & right.USE_DRAFT:
            examined[node] = latest
            drafts.add(node)
        else:
            hidden.append(node)
            if frozen:
                examined[node] = frozen
            continue
        types[node] = (type_node, type_number)
    of_hidden = scope.types_of([(node, examined[node]) for node in hidden if node in examined])
    types.update({version[0]: of for version, of in of_hidden.items()})
    return Graph(
        examined=examined,
        drafts=drafts,
        types=types,
        links=scope.links_of(hidden),
        sources={},
        moving=set(),
        rights=rights,
        editions={row[0]: row[3] for row in rows},
        sizes={row[0]: row[7] for row in rows},
        always_create=always_create,
    )


def add_scope_as_source(graph: Graph) -> None:
    """Make the readable nodes in scope the sources of new versions."""
    readable = {node for node, held in graph.rights.items() if held & right.READ}
    graph.sources = {node: number for node, number in graph.examined.items() if node in readable}
    graph.moving = readable & graph.examined.keys()


def within(reference: str) -> sql.Composable:
    """Return a condition on `n`: the node with a reference and all its content."""
    lower, upper = content_range(reference)
    return sql.SQL("(n.node_reference = {} OR (n.node_reference >= {} AND n.node_reference < {}))").format(
        reference, lower, upper
    )


def copied(connection: Connection, name: str, columns: int, **parts: sql.Composable) -> Iterable[tuple[int, ...]]:
    """Read the rows of a statement beside this module, whose columns are all bigint and not null."""
    query = sql.SQL(sql_file("app.updates", name)).format(**parts)
    return read_integers(driver_connection(connection), query, columns)


def _alone(node: int) -> sql.Composable:
    return sql.SQL("n.node_identifier = {}").format(node)
