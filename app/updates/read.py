"""Reads the graph for a plan from the store: one set-based read for each table, all in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from psycopg import sql
from sqlalchemy import Connection

from app.database.copy import read_integers
from app.database.engine import driver_connection
from app.database.sql_files import sql_file
from app.errors import UserError, missing, not_found
from app.identity import right
from app.identity.rights import Caller, Rights, rights_on
from app.nodes.lookup import read_references, read_types
from app.nodes.versions import Node, find_source
from app.references import VersionKey, content_range
from app.system_nodes import MANIFEST_ITEMS
from app.updates.graph import Graph, MemberLink


class SourceScope(StrEnum):
    """The scope of the sources of new versions, as the seed names it."""

    NODE = "node"
    CURRENT = "current"
    LATEST = "latest"
    MANIFEST = "manifest"


@dataclass(frozen=True)
class Options:
    """The options of an update of a context node."""

    update_content: bool = False
    always_create_new_version: bool = False
    source_scope: SourceScope = SourceScope.NODE
    source_reference: str | None = None


def read_graph(connection: Connection, caller: Caller, context: Node, options: Options) -> Graph:
    """Read the nodes in scope and their sources. Raises UserError (105) if the source is not found."""
    return _Reader(connection, caller, context, options).graph()


class _Reader:
    def __init__(self, connection: Connection, caller: Caller, context: Node, options: Options) -> None:
        self._connection = connection
        self._driver = driver_connection(connection)
        self._caller = caller
        self._context = context
        self._options = options
        self._in_scope = (
            _within(context.reference)
            if options.update_content
            else sql.SQL("n.node_identifier = {}").format(context.identifier)
        )

    def graph(self) -> Graph:
        source_package, listed = self._source()
        nodes = list(self._copy("scope_nodes", 8, in_scope=self._in_scope))
        references = self._references(row[0] for row in nodes) if self._named(source_package) else {}
        rights_of = self._rights(references)
        rights = {row[0]: rights_of.on(row[0], references.get(row[0], ""), row[4]) for row in nodes}

        examined: dict[int, int] = {}
        drafts: set[int] = set()
        types: dict[int, VersionKey] = {}
        hidden: list[int] = []
        for node, latest, frozen, _, _, type_node, type_number, _ in nodes:
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
        types.update(self._types([(node, examined[node]) for node in hidden if node in examined]))

        number: sql.Composable = sql.SQL("n.latest_version_number")
        if hidden:
            number = sql.SQL(
                "CASE WHEN n.node_identifier = ANY ({}) THEN n.frozen_version_number ELSE n.latest_version_number END"
            ).format(hidden)
        links = list(self._copy("scope_links", 6, in_scope=self._in_scope, examined=number))
        graph = Graph(
            examined=examined,
            drafts=drafts,
            types=types,
            links=cast(list[MemberLink], links),
            sources={},
            moving=set(),
            rights=rights,
            editions={row[0]: row[3] for row in nodes},
            sizes={row[0]: row[7] for row in nodes},
            always_create=self._options.always_create_new_version,
        )
        frozen_numbers = {row[0]: row[2] for row in nodes}
        self._add_sources(graph, frozen_numbers, references, source_package, listed)
        return graph

    def _add_sources(
        self,
        graph: Graph,
        frozen: dict[int, int],
        references: dict[int, str],
        source_package: str | None,
        listed: dict[int, int],
    ) -> None:
        """Add the versions to which links to each node move."""
        rights: dict[int, int] = dict(graph.rights)
        readable = {node for node, held in rights.items() if held & right.READ}
        scope = self._options.source_scope
        if source_package is not None:
            lower, upper = content_range(source_package)
            readable = {
                node for node in readable if references[node] == source_package or lower <= references[node] < upper
            }
        if scope is SourceScope.NODE:
            graph.sources = {node: number for node, number in graph.examined.items() if node in readable}
            graph.moving = readable & graph.examined.keys()
        elif scope is SourceScope.MANIFEST:
            graph.sources = listed
            rights.update(self._rights_of_listed)
        else:
            sources = {}
            outside_drafts = {}
            for node, latest, frozen_number, held, edition in self._outside(graph, source_package):
                rights[node] = held
                usable = latest if held & right.USE_DRAFT or latest == frozen_number else frozen_number
                sources[node] = usable if scope is SourceScope.LATEST else frozen_number
                if sources[node] > frozen_number:
                    outside_drafts[node] = edition
            graph.outside_drafts = outside_drafts
            numbers = graph.examined if scope is SourceScope.LATEST else frozen
            sources.update({node: numbers[node] for node in readable if node in numbers})
            graph.sources = {node: number for node, number in sources.items() if number}
            if scope is SourceScope.LATEST:
                graph.moving = readable & graph.examined.keys()
        graph.rights = rights

    def _source(self) -> tuple[str | None, dict[int, int]]:
        """Return the source package (None: any package), and the versions that the manifest lists."""
        scope, reference = self._options.source_scope, self._options.source_reference
        self._rights_of_listed: dict[int, int] = {}
        if scope is SourceScope.NODE:
            return None, {}
        if scope is SourceScope.MANIFEST:
            if not reference:
                raise UserError(missing("source_reference", "is required when sourceScope is manifest"))
            node, number = find_source(self._connection, self._caller, reference, "source_reference")
            if number is None:
                raise UserError(not_found("source_reference", f"{reference} is not found"))
            return None, self._listed((node.identifier, number))
        if not reference:
            return None, {}
        return find_source(self._connection, self._caller, reference, "source_reference")[0].reference, {}

    def _listed(self, manifest: VersionKey) -> dict[int, int]:
        """Return the highest version of each node that a manifest lists, among those that the caller may use."""
        rows = self._driver.execute(
            "SELECT n.node_identifier, m.target_version_number, n.frozen_version_number, n.node_reference,"
            " n.owner_identifier FROM member m JOIN node n ON n.node_identifier = m.target_node_identifier"
            " WHERE m.node_identifier = %s AND m.version_number = %s AND m.member_type_node_identifier = %s",
            (*manifest, MANIFEST_ITEMS),
        ).fetchall()
        rights_of = rights_on(self._connection, self._caller, [row[3] for row in rows])
        listed: dict[int, int] = {}
        for node, number, frozen, reference, owner in rows:
            held = rights_of.on(node, reference, owner)
            self._rights_of_listed[node] = held
            if held & right.READ and (number <= frozen or held & right.USE_DRAFT):
                listed[node] = max(number, listed.get(node, 0))
        return listed

    def _outside(self, graph: Graph, source_package: str | None) -> Iterable[tuple[int, int, int, int, int]]:
        """Yield the readable nodes outside the scope to which nodes in scope link: latest, frozen, rights, edition."""
        wanted = {link[4] for link in graph.links}
        wanted.update(of for of, _ in graph.types.values())
        wanted -= graph.rights.keys()
        if not wanted:
            return
        in_source = sql.SQL("true") if source_package is None else _within(source_package)
        rows = list(self._copy("outside_nodes", 5, nodes=sql.Literal(list(wanted)), in_source=in_source))
        references = {} if self._caller.administers_all else self._references(row[0] for row in rows)
        rights_of = self._rights(references)
        for node, latest, frozen, owner, edition in rows:
            held = rights_of.on(node, references.get(node, ""), owner)
            if held & right.READ:
                yield node, latest, frozen, held, edition

    def _named(self, source_package: str | None) -> bool:
        """Return whether the plan depends on the references of the nodes in scope."""
        return not self._caller.administers_all or source_package is not None

    def _rights(self, references: dict[int, str]) -> Rights:
        return rights_on(self._connection, self._caller, references.values())

    def _references(self, nodes: Iterable[int]) -> dict[int, str]:
        return read_references(self._driver, list(nodes))

    def _types(self, versions: list[VersionKey]) -> dict[int, VersionKey]:
        return {version[0]: of for version, of in read_types(self._driver, versions).items()}

    def _copy(self, name: str, columns: int, **parts: sql.Composable) -> Iterable[tuple[int, ...]]:
        query = sql.SQL(sql_file("app.updates", name)).format(**parts)
        return read_integers(self._driver, query, columns)


def _within(reference: str) -> sql.Composable:
    """Return a condition on `n`: the node with a reference and all its content."""
    lower, upper = content_range(reference)
    return sql.SQL("(n.node_reference = {} OR (n.node_reference >= {} AND n.node_reference < {}))").format(
        reference, lower, upper
    )
