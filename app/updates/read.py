"""Reads the graph for a plan from the store: one set-based read for each table, all in one transaction."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from app.errors import UserError, missing, not_found
from app.identity import right
from app.identity.rights import Caller, Rights, rights_on
from app.nodes.versions import Node
from app.references import content_range
from app.updates.graph import Graph
from app.updates.options import Options, SourceScope
from app.updates.scope import Scope, StoredScope, add_scope_as_source, graph_without_sources
from app.updates.small_scope import SmallScope
from app.updates.sources import Sources, StoredSources


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
        self._caller = caller
        self._context = context
        self._options = options
        self._small = scope
        stored = StoredSources(connection, caller)
        self._sources: Sources = stored if scope is None or scope.sources is None else scope.sources

    def graph(self) -> Graph:
        source_package, listed = self._source()
        scope, references = self._scope(source_package)
        graph = graph_without_sources(
            scope, self._rights(references.values()), references, always_create=self._options.always_create_new_version
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
            node, number = self._sources.find(reference)
            if number is None:
                raise UserError(not_found("source_reference", reference))
            return None, self._listed(node, number)
        if not reference:
            return None, {}
        return self._sources.find(reference)[0].reference, {}

    def _listed(self, manifest: Node, number: int) -> dict[int, int]:
        """Return the highest version of each node that a manifest lists, among those that the caller may use."""
        items = list(self._sources.items(manifest, number))
        rights_of = self._rights(item.reference for item in items)
        listed: dict[int, int] = {}
        for item in items:
            held = rights_of.on(item.node, item.reference, item.owner)
            self._rights_of_listed[item.node] = held
            if held & right.READ and (item.number <= item.frozen or held & right.USE_DRAFT):
                listed[item.node] = max(item.number, listed.get(item.node, 0))
        return listed

    def _outside(self, graph: Graph, source_package: str | None) -> Iterable[tuple[int, int, int, int, int]]:
        """Yield the readable nodes outside the scope to which nodes in scope link: latest, frozen, rights, edition."""
        wanted = set(graph.links.targets)
        wanted.update(of for of, _ in graph.types.values())
        wanted -= graph.rights.keys()
        if not wanted:
            return
        rows, references = self._sources.linked(wanted, source_package)
        rights_of = self._rights(references.values())
        for node, latest, frozen, owner, edition in rows:
            held = rights_of.on(node, references.get(node, ""), owner)
            if held & right.READ:
                yield node, latest, frozen, held, edition

    def _named(self, source_package: str | None) -> bool:
        """Return whether the plan depends on the references of the nodes in scope."""
        return not self._caller.administers_all or source_package is not None

    def _rights(self, references: Iterable[str]) -> Rights:
        return rights_on(self._connection, self._caller, references)
