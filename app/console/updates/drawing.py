"""Draws a graph as SVG. igraph orders the boxes of each column so that few edges cross.

Colours are attributes, so that a saved drawing has them too; on a page the stylesheet replaces them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from app.console.updates.graph import MIXED, SOURCE, Box, BoxGraph

_WIDTH = 190
_HEIGHT = 38
_GAP = 10
_HEADER = 22
_BETWEEN = 70
_MARGIN = 12
_IN_COLUMN = 40
"""A column with more boxes than this is broken into several."""
_LONGEST = 24
_ROUNDS = 60
_COLOURS: Final = {
    "version": ("#e4edfb", "#1d59b5"),
    "change": ("#ece6fb", "#5b3fb0"),
    "warning": ("#fdf0d2", "#7d4f00"),
    "error": ("#fde7e5", "#a8231c"),
    SOURCE: ("#e0f3e7", "#14693a"),
    MIXED: ("#eef0f4", "#566072"),
}
_WORDS: Final = {
    "version": "new version",
    "change": "changed draft",
    "warning": "warning",
    "error": "error",
    SOURCE: "changed first",
    MIXED: "several kinds",
}


@dataclass(frozen=True)
class _Place:
    x: float
    y: float


@dataclass(frozen=True)
class _Header:
    x: float
    y: float
    text: str


def drawing(graph: BoxGraph, address: Callable[[Box], str] | None = None) -> Markup:
    """Return the drawing. `address` returns where the link of a box leads; without it, boxes are not links."""
    places, headers, width, height = _placed(graph)
    some_lit = any(box.lit for box in graph.boxes.values())
    parts = [
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" class="drawing{}" viewBox="0 0 {} {}" width="{}" height="{}"'
            ' role="group" aria-label="What follows from what" font-family="system-ui, sans-serif" font-size="13">'
        ).format(" some-lit" if some_lit else "", width, height, width, height),
        Markup(
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse"'
            ' markerWidth="9" markerHeight="9" orient="auto">'
            '<path d="M0 0L8 4L0 8z" fill="#848fa3" class="arrow"/></marker></defs>'
        ),
        *_edges(graph, places),
        *(
            Markup('<text x="{}" y="{}" fill="#566072" font-size="11" class="package">{}</text>').format(
                header.x, header.y, _shortened(header.text, _LONGEST + 6)
            )
            for header in headers
        ),
        *(_box(box, places[box.key], None if address is None else address(box)) for box in graph.boxes.values()),
        Markup("</svg>"),
    ]
    return Markup("\n").join(parts)


def _placed(graph: BoxGraph) -> tuple[dict[str, _Place], list[_Header], int, int]:
    """Return where the boxes and the names of their packages are, and the size of the drawing."""
    columns: dict[int, list[Box]] = defaultdict(list)
    for box in _ordered(graph):
        columns[box.column].append(box)
    places: dict[str, _Place] = {}
    headers: list[_Header] = []
    x, bottom = float(_MARGIN), 0.0
    for column in sorted(columns):
        boxes = columns[column]
        parts = [boxes[start : start + _IN_COLUMN] for start in range(0, len(boxes), _IN_COLUMN)]
        for part in parts:
            y, package = float(_MARGIN), None
            for box in part:
                if box.package != package:
                    package = box.package
                    y += _HEADER
                    if package:
                        headers.append(_Header(x, y - 7, package))
                places[box.key] = _Place(x, y)
                y += _HEIGHT + _GAP
            bottom = max(bottom, y)
            x += _WIDTH + (_GAP * 2 if part is not parts[-1] else _BETWEEN)
    return places, headers, int(x - _BETWEEN + _MARGIN), int(bottom + _MARGIN - _GAP)


def _ordered(graph: BoxGraph) -> list[Box]:
    """Return the boxes of each column in their order: those of a package together, with few crossing edges."""
    boxes = list(graph.boxes.values())
    if not boxes:
        return []
    index = {box.key: place for place, box in enumerate(boxes)}
    forward = [
        (index[cause], index[effect])
        for cause, effect in graph.edges
        if graph.boxes[cause].column < graph.boxes[effect].column
    ]
    # Imported here, because it takes a while to import, and a process may never draw.
    import igraph  # noqa: PLC0415

    whole = igraph.Graph(n=len(boxes), edges=forward, directed=True)
    layout = whole.layout_sugiyama(layers=[box.column for box in boxes], maxiter=_ROUNDS)
    across = {box.key: layout[place][0] for place, box in enumerate(boxes)}
    packages: dict[tuple[int, str], list[float]] = defaultdict(list)
    for box in boxes:
        packages[box.column, box.package].append(across[box.key])
    middle = {place: sum(values) / len(values) for place, values in packages.items()}
    return sorted(
        boxes, key=lambda box: (box.column, middle[box.column, box.package], box.package, across[box.key], box.key)
    )


def _edges(graph: BoxGraph, places: dict[str, _Place]) -> Iterator[Markup]:
    widest = max(graph.edges.values(), default=1)
    for (cause, effect), count in sorted(graph.edges.items(), key=lambda edge: edge[0] in graph.lit):
        start, end = places[cause], places[effect]
        x1, y1, x2, y2 = start.x + _WIDTH, start.y + _HEIGHT / 2, end.x, end.y + _HEIGHT / 2
        if x2 <= x1 - _WIDTH / 2:  # Back, or in the same column: around the right side.
            x1, x2 = start.x + _WIDTH, end.x + _WIDTH
            bend = max(x1, x2) + 30
            path = f"M{x1:g} {y1:g}C{bend:g} {y1:g} {bend:g} {y2:g} {x2:g} {y2:g}"
        else:
            half = (x1 + x2) / 2
            path = f"M{x1:g} {y1:g}C{half:g} {y1:g} {half:g} {y2:g} {x2:g} {y2:g}"
        thick = 1.4 if not graph.is_counted else 1 + 5 * count / widest
        lit = (cause, effect) in graph.lit
        yield Markup(
            '<path d="{}" fill="none" stroke="{}" stroke-width="{}" marker-end="url(#arrow)" class="edge{}"/>'
        ).format(path, "#1d59b5" if lit else "#b7bfcd", f"{thick + lit:.1f}", " lit" if lit else "")


def _box(box: Box, place: _Place, address: str | None) -> Markup:
    fill, ink = _COLOURS.get(box.kind, _COLOURS[MIXED])
    words = _WORDS.get(box.kind, box.kind)
    name = f"{box.label} {box.package}".strip() if box.count else f"{box.package}.{box.label}".lstrip(".")
    note = f"{box.note} · {words}" if box.note else words
    inner = Markup(
        "<title>{}</title>"
        '<rect x="{}" y="{}" width="{}" height="{}" rx="6" fill="{}" stroke="{}" stroke-width="{}"/>'
        '<text x="{}" y="{}" fill="#1b2230" font-weight="600">{}</text>'
        '<text x="{}" y="{}" fill="{}" font-size="11" class="note">{}{}</text>'
    ).format(
        f"{name}: {note}",
        *(place.x, place.y, _WIDTH, _HEIGHT, fill, ink, 2.5 if box.lit else 1),
        *(place.x + 10, place.y + 16, _shortened(box.label, _LONGEST)),
        *(place.x + 10, place.y + 31, ink, note, Markup('<tspan class="yet"> · not yet</tspan>') if box.waits else ""),
    )
    classes = f"box {box.kind}{' lit' if box.lit else ''}{' waits' if box.waits else ''}"
    if address is None:
        # The script of the page finds the box of a node that a run has come to.
        node = Markup(' data-node="{}"').format(box.key) if box.waits else ""
        return Markup('<g class="{}"{}>{}</g>').format(classes, node, inner)
    return Markup('<a href="{}" class="{}" aria-label="{}">{}</a>').format(address, classes, f"{name}: {note}", inner)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-(most - most // 2 - 1) :]}"
