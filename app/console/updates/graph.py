"""The graph of a drawing: what changed first on one side, and what follows on the other, in columns by distance.

Few updates are boxes of their own. Many are counted by distance and package.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from app.console.updates.rows import Brief, Overview, UpdateRow
from app.references import package_of
from app.text import counted

SOURCE: Final = "source"
MIXED: Final = "mixed"
_MOST_PACKAGES = 12
"""In each column at most this many packages are counted by themselves."""
_MOST_COLUMNS = 40
OTHERS: Final = "other packages"


@dataclass
class Box:
    """A box of the drawing: a node, or a count of nodes of one package."""

    key: str
    label: str
    package: str
    kind: str
    column: int
    note: str = ""
    count: int = 0
    """The number of nodes that the box counts, or 0 if it is one node."""
    lit: bool = False
    waits: bool = False
    """A run is going to update the node, and has not done so yet."""


@dataclass
class BoxGraph:
    """Boxes by key, and edges between their keys. An edge in `lit` belongs to the chain that is shown."""

    boxes: dict[str, Box] = field(default_factory=dict)
    edges: Counter[tuple[str, str]] = field(default_factory=Counter)
    lit: set[tuple[str, str]] = field(default_factory=set)
    is_counted: bool = False


def graph_of(found: Overview) -> BoxGraph:
    """Return the graph of the updates of a page."""
    return _single(found.drawn, found.lit) if found.drawn else _counted(found.briefs)


def _single(rows: Sequence[UpdateRow], lit: UpdateRow | None) -> BoxGraph:
    graph = BoxGraph()
    for row in rows:
        note = f"{row.number} → {row.new_number}" if row.new_number else str(row.number)
        box = Box(row.reference, _last(row.reference), package_of(row.reference), row.kind, 0, note, waits=row.waits)
        # A node that is updated only in part has a warning too, which comes first.
        graph.boxes.setdefault(row.reference, box)
    for row in rows:
        for version in _causes(row):
            node, _, number = version.rpartition(".")
            if node != row.reference:
                graph.edges[node, row.reference] += 1
                graph.boxes.setdefault(node, Box(node, _last(node), package_of(node), SOURCE, 0, number))
    _put_in_columns(graph)
    if lit is not None:
        _light(graph, lit)
    return graph


def _causes(row: UpdateRow) -> Iterable[str]:
    """Return the versions whose use makes a node need an update."""
    if row.new_type:
        yield row.new_type
    yield from (move.target for move in row.moves if move.target)
    if row.why and not row.moves and not row.new_type:
        yield row.why[-1].reference


def _put_in_columns(graph: BoxGraph) -> None:
    """Give each box the column of its distance from what changed first."""
    following: dict[str, list[str]] = defaultdict(list)
    causes: Counter[str] = Counter()
    for cause, effect in graph.edges:
        following[cause].append(effect)
        causes[effect] += 1
    first = [box for box in graph.boxes.values() if box.kind == SOURCE]
    first = first or [box for box in graph.boxes.values() if not causes[box.key]]
    seen = {box.key: 0 for box in first}
    reached = deque(seen)
    while reached:
        key = reached.popleft()
        for effect in following[key]:
            if effect not in seen:
                seen[effect] = seen[key] + 1
                reached.append(effect)
    for box in graph.boxes.values():
        box.column = seen.get(box.key, 0)


def _light(graph: BoxGraph, row: UpdateRow) -> None:
    """Mark the chain of a row."""
    chain = [step.reference.rpartition(".")[0] for step in row.why] or _shortest(graph, row.reference)
    chain = [*chain, row.reference] if chain[-1:] != [row.reference] else chain
    for key in chain:
        if key in graph.boxes:
            graph.boxes[key].lit = True
    graph.lit = {(cause, effect) for cause, effect in pairwise(chain) if cause in graph.boxes}


def _shortest(graph: BoxGraph, key: str) -> list[str]:
    """Return a shortest way to a box from one of the first column."""
    causes: dict[str, list[str]] = defaultdict(list)
    for cause, effect in graph.edges:
        causes[effect].append(cause)
    chain = [key]
    while graph.boxes[chain[-1]].column > 0:
        column = graph.boxes[chain[-1]].column
        chain.append(next(each for each in causes[chain[-1]] if graph.boxes[each].column == column - 1))
    return chain[::-1]


def _counted(briefs: Sequence[Brief]) -> BoxGraph:
    graph = BoxGraph(is_counted=True)
    distances = _distances(briefs)
    columns: dict[int, Counter[str]] = defaultdict(Counter)
    for brief in briefs:
        columns[distances[brief.reference]][package_of(brief.reference)] += 1
    shown = {column: {name for name, _ in packages.most_common(_MOST_PACKAGES)} for column, packages in columns.items()}

    def key_of(reference: str) -> str:
        column = distances[reference]
        package = package_of(reference)
        return f"{column} {package if package in shown[column] else OTHERS}"

    sources: dict[str, set[str]] = defaultdict(set)
    for brief in briefs:
        key = key_of(brief.reference)
        column, _, package = key.partition(" ")
        box = graph.boxes.setdefault(key, Box(key, "", package, brief.kind, int(column)))
        box.count += 1
        box.kind = brief.kind if box.kind == brief.kind else MIXED
        if brief.parent and brief.parent not in distances:
            source = f"source {package_of(brief.parent)}"
            sources[source].add(brief.parent)
            graph.edges[source, key] += 1
        elif brief.parent and key_of(brief.parent) != key:
            graph.edges[key_of(brief.parent), key] += 1
    for box in graph.boxes.values():
        box.label = counted(box.count, "node")
    for key, changed in sources.items():
        package = key.partition(" ")[2]
        if len(changed) == 1:
            graph.boxes[key] = Box(key, _last(min(changed)), package, SOURCE, 0)
        else:
            graph.boxes[key] = Box(key, counted(len(changed), "node"), package, SOURCE, 0, count=len(changed))
    return graph


def _distances(briefs: Sequence[Brief]) -> dict[str, int]:
    """Return the distance of each node, at most that of the last column; without chains it is found by the parents."""
    parents: Mapping[str, str] = {brief.reference: brief.parent for brief in briefs}
    found = {brief.reference: brief.distance for brief in briefs if brief.distance}
    for brief in briefs:
        way: list[str] = []
        node = brief.reference
        while node in parents and node not in found and len(way) < len(parents):
            way.append(node)
            found[node] = 0
            node = parents[node]
        distance = found.get(node, 0 if node else -1)
        for each in reversed(way):
            distance += 1
            found[each] = distance
    return {node: min(distance, _MOST_COLUMNS) for node, distance in found.items()}


def _last(reference: str) -> str:
    return reference.rpartition(".")[2]
