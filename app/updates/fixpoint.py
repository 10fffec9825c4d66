"""Finds the nodes that must be updated: the least set that is closed under need."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial

from app.references import VersionKey
from app.updates.graph import Graph


@dataclass(frozen=True)
class Closure:
    """The least set of updated nodes, and the changes that follow from it.

    `updated` are the nodes of the set; `refused` are the blocked nodes that have a need. `sources` gives the version to
    which links to a node move, for each node that has one. `type_changes` gives the new version of the type of an
    updated node whose type moves.
    """

    updated: set[int]
    refused: set[int]
    sources: Mapping[int, int]
    type_changes: Mapping[int, VersionKey]


class Needs:
    """The needs of nodes, prepared once so that the closure can be computed repeatedly with different nodes blocked."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.first = _first_needs(graph)
        self._linkers = _linkers(graph) if self.first else {}
        self._unblocked: Closure | None = None

    def closure(self, blocked: Collection[int]) -> Closure:
        """Return the least set of nodes that have a need, given that the nodes of the set get their new versions."""
        if blocked:
            return self._closure(blocked)
        if self._unblocked is None:
            self._unblocked = self._closure(())
        return self._unblocked

    def _closure(self, blocked: Collection[int]) -> Closure:
        updated: set[int] = set()
        refused: set[int] = set()
        reached = list(self.first)
        while reached:
            node = reached.pop()
            if node in updated:
                continue
            if node in blocked:
                refused.add(node)
                continue
            updated.add(node)
            reached.extend(self._linkers.get(node, ()))
        sources = self._sources(updated)
        return Closure(updated, refused, sources, self._type_changes(updated, sources))

    def _sources(self, updated: Collection[int]) -> dict[int, int]:
        graph = self._graph
        sources = dict(graph.sources)
        sources.update(
            [(node, graph.examined[node] + 1) for node in updated if node in graph.moving and node not in graph.drafts]
        )
        return sources

    def _type_changes(self, updated: Collection[int], sources: Mapping[int, int]) -> dict[int, VersionKey]:
        types, source = self._graph.types, sources.get
        return {
            node: (types[node][0], sources[types[node][0]])
            for node in updated
            if source(types[node][0], 0) > types[node][1]
        }


def _first_needs(graph: Graph) -> set[int]:
    """Return the nodes that have a need before any node gets a new version."""
    source = graph.sources.get
    needy = {node for node, _, _, _, target, number in graph.links if source(target, 0) > number}
    needy.update([node for node, (of, number) in graph.types.items() if source(of, 0) > number])
    if graph.always_create:
        needy.update(graph.examined.keys() - graph.drafts)
    return needy


def _linkers(graph: Graph) -> dict[int, array[int]]:
    """Return, for each node that may get a new version, the nodes that would then have a need."""
    renewable = {
        node: graph.examined[node] for node in graph.moving if node in graph.examined and node not in graph.drafts
    }
    linkers: dict[int, array[int]] = defaultdict(partial(array, "q"))
    latest = renewable.get
    for node, _, _, _, target, number in graph.links:
        if latest(target, -1) >= number:
            linkers[target].append(node)
    for node, (of, number) in graph.types.items():
        if latest(of, -1) >= number:
            linkers[of].append(node)
    return dict(linkers)
