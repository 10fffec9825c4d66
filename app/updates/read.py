"""Reads the graph for a plan from the store: one set-based read for each table, all in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from psycopg import sql
from sqlalchemy import Connection

from app.database.engine import driver_connection
from app.errors import UserError, missing, not_found
from app.identity import right
from app.identity.rights import Caller, Rights, rights_on
from app.nodes.lookup import read_references
from app.nodes.versions import Node, find_source
from app.references import VersionKey, content_range
from app.system_nodes import MANIFEST_ITEMS
from app.updates.graph import Graph
from app.updates.scope import Scope, StoredScope, add_scope_as_source, columns_of, graph_without_sources, within
from app.updates.small_scope import SmallScope


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


def read_graph(
    connection: Connection, caller: Caller, context: Node, options: Options, scope: SmallScope | None = None
) -> Graph:
    """Read the nodes in scope, unless they were read before, and their sources.

    Raises UserError (105) if the source is not found.
    """
    return _Reader(connection, caller, context, options, scope).graph()


class _Reader:
    def __init__(
        self, connection: Connection, caller: Caller, context: Node, options: Options, scope: SmallScope | None
    ) -> None:
        self._connection = connection
        self._driver = driver_connection(connection)
        self._caller = caller
        self._context = context
        self._options = options
        self._small = scope

    def graph(self) -> Graph:
        source_package, listed = self._source()
        scope, references = self._scope(source_package)
        graph = graph_without_sources(
            scope, self._rights(references), references, always_create=self._options.always_create_new_version
        )
        self._add_sources(graph, scope, references, source_package, listed)
        return graph

    def _scope(self, source_package: str | None) -> tuple[Scope, dict[int, str]]:
        """Return the scope, and the references of its nodes if the plan depends on them."""
        if self._small is not None:
            return self._small, self._small.references
        stored = StoredScope(self._connection, self._context, content=self._options.update_content)
        return stored, stored.references() if self._named(source_package) else {}

    def _add_sources(
        self,
        graph: Graph,
        nodes: Scope,
        references: dict[int, str],
        source_package: str | None,
        listed: dict[int, int],
    ) -> None:
        """Add the versions to which links to each node move."""
        scope = self._options.source_scope
        if scope is SourceScope.NODE:
            add_scope_as_source(graph)
            return
        rights: dict[int, int] = dict(graph.rights)
        readable = {node for node, held in rights.items() if held & right.READ}
        if source_package is not None:
            lower, upper = content_range(source_package)
            readable = {
                node for node in readable if references[node] == source_package or lower <= references[node] < upper
            }
        if scope is SourceScope.MANIFEST:
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
            numbers = graph.examined if scope is SourceScope.LATEST else {row[0]: row[2] for row in nodes.rows()}
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
                raise UserError(missing("source_reference", "is required if the source scope is manifest"))
            node, number = find_source(self._connection, self._caller, reference, "source_reference")
            if number is None:
                raise UserError(not_found("source_reference", reference))
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
        wanted = set(graph.links.targets)
        wanted.update(of for of, _ in graph.types.values())
        wanted -= graph.rights.keys()
        if not wanted:
            return
        in_source = sql.SQL("true") if source_package is None else within(source_package)
        parts = {"nodes": sql.Literal(list(wanted)), "in_source": in_source}
        outside = columns_of(self._connection, "outside_nodes", 5, **parts)
        references = {} if self._caller.administers_all else self._references(outside[0])
        rights_of = self._rights(references)
        for node, latest, frozen, owner, edition in zip(*outside, strict=True):
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
