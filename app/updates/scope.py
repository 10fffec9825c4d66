"""The nodes in the scope of an update with their links, and the graph that follows from them for a caller."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from typing import Protocol

from psycopg import sql
from sqlalchemy import Connection

from app.database.copy import joined, read_columns
from app.database.engine import driver_connection
from app.database.sql_files import sql_file
from app.identity import right
from app.identity.rights import Rights
from app.nodes.lookup import read_references, read_types
from app.nodes.versions import Node
from app.references import VersionKey, content_range
from app.updates.graph import Graph
from app.updates.links import COLUMNS, Links

_HIGHEST = 1 << 63
_AT_ONCE = 100_000
"""The links of this many nodes are read by one statement."""


class Scope(Protocol):
    """The nodes in scope, as `scope_nodes.sql` reads them."""

    def rows(self) -> Iterator[tuple[int, ...]]:
        """Yield the rows of the nodes."""

    def types_of(self, versions: list[VersionKey]) -> dict[VersionKey, VersionKey]:
        """Return the types of frozen versions of these nodes."""

    def links_of(self, hidden: list[int]) -> Links:
        """Return the links of the latest versions; of the frozen versions for nodes whose draft is hidden."""


class StoredScope:
    """A scope that is read in bulk."""

    def __init__(self, connection: Connection, context: Node, *, content: bool) -> None:
        self._driver = driver_connection(connection)
        self._condition = within(context.reference) if content else _alone(context.identifier)
        self._columns = columns_of(connection, "scope_nodes", 8, in_scope=self._condition)

    def rows(self) -> Iterator[tuple[int, ...]]:
        """Yield the rows of the nodes."""
        return zip(*self._columns, strict=True)

    def references(self) -> dict[int, str]:
        """Read the references of the nodes."""
        return read_references(self._driver, self._columns[0].tolist())

    def types_of(self, versions: list[VersionKey]) -> dict[VersionKey, VersionKey]:
        """Read the types of versions."""
        return read_types(self._driver, versions) if versions else {}

    def links_of(self, hidden: list[int]) -> Links:
        """Read the links of the latest versions; of the frozen versions for nodes whose draft is hidden."""
        number: sql.Composable = sql.SQL("n.latest_version_number")
        if hidden:
            number = sql.SQL(
                "CASE WHEN n.node_identifier = ANY ({}) THEN n.frozen_version_number ELSE n.latest_version_number END"
            ).format(hidden)
        statement = sql.SQL(sql_file("app.updates", "scope_links"))
        queries = (statement.format(in_scope=block, examined=number) for block in self._blocks())
        return Links(joined(read_columns(self._driver, query, COLUMNS) for query in queries))

    def _blocks(self) -> Iterator[sql.Composable]:
        """Yield conditions on `n` and `v` that divide the scope, so that a large result is not held in memory twice."""
        if len(self._columns[0]) <= _AT_ONCE:
            yield self._condition
            return
        first = [0, *sorted(self._columns[0])[_AT_ONCE::_AT_ONCE]]
        for lower, upper in zip(first, [*first[1:], _HIGHEST], strict=True):
            # The planner does not conclude from a range of one table that there is the same range in the other.
            yield sql.SQL(
                "{} AND n.node_identifier BETWEEN {lower} AND {upper} AND v.node_identifier BETWEEN {lower} AND {upper}"
            ).format(self._condition, lower=lower, upper=upper - 1)


def graph_without_sources(
    scope: Scope, rights_of: Rights, references: Mapping[int, str], *, always_create: bool
) -> Graph:
    """Return the graph of a scope, without the versions to which links move."""
    rights: dict[int, int] = {}
    editions: dict[int, int] = {}
    sizes: dict[int, int] = {}
    examined: dict[int, int] = {}
    drafts: set[int] = set()
    types: dict[int, VersionKey] = {}
    # Many nodes have the same type: they share one object.
    known_types: dict[VersionKey, VersionKey] = {}
    hidden: list[int] = []
    for node, latest, frozen, edition, owner, type_node, type_number, size in scope.rows():
        held = rights[node] = rights_of.on(node, references.get(node, ""), owner)
        editions[node] = edition
        sizes[node] = size
        if latest == frozen:
            examined[node] = latest
        elif held & right.USE_DRAFT:
            examined[node] = latest
            drafts.add(node)
        else:
            hidden.append(node)
            if frozen:
                examined[node] = frozen
            continue
        of = (type_node, type_number)
        types[node] = known_types.setdefault(of, of)
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
        editions=editions,
        sizes=sizes,
        always_create=always_create,
    )


def add_scope_as_source(graph: Graph) -> None:
    """Make the readable nodes in scope the sources of new versions."""
    unreadable = {node for node, held in graph.rights.items() if not held & right.READ}
    if unreadable:
        graph.sources = {node: number for node, number in graph.examined.items() if node not in unreadable}
        graph.moving = graph.sources.keys()
    else:
        graph.sources = graph.examined
        graph.moving = graph.examined.keys()


def within(reference: str) -> sql.Composable:
    """Return a condition on `n`: the node with a reference and all its content."""
    lower, upper = content_range(reference)
    return sql.SQL("(n.node_reference = {} OR (n.node_reference >= {} AND n.node_reference < {}))").format(
        reference, lower, upper
    )


def columns_of(connection: Connection, name: str, columns: int, **parts: sql.Composable) -> list[array[int]]:
    """Read the columns of a statement beside this module, which are all bigint and not null."""
    query = sql.SQL(sql_file("app.updates", name)).format(**parts)
    return read_columns(driver_connection(connection), query, columns)


def _alone(node: int) -> sql.Composable:
    return sql.SQL("n.node_identifier = {}").format(node)
