"""The geometry of charts, which templates draw as SVG. The stylesheet has a class for each colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

WIDTH: Final = 600
HEIGHT: Final = 160
COLOURS: Final = 8


class Segment(NamedTuple):
    """A part of a bar, in percent of its width."""

    label: str
    number: int
    start: float
    width: float
    colour: int


class Line(NamedTuple):
    """A line of a chart."""

    label: str
    points: str
    colour: int


def stacked(parts: Sequence[tuple[str, int, int]]) -> list[Segment]:
    """Return the segments of a bar whose full width is the sum of all parts. A part is a label, a colour, a number."""
    total = sum(count for *_, count in parts) or 1
    segments: list[Segment] = []
    start = 0.0
    for label, colour, count in parts:
        width = count * 100 / total
        segments.append(Segment(label, count, round(start, 3), round(width, 3), colour % COLOURS))
        start += width
    return segments


def lines(series: Sequence[tuple[str, int, Sequence[int]]]) -> list[Line]:
    """Return the lines of numbers that were taken at the same times, to the scale of the highest of them."""
    highest = max((max(numbers, default=0) for *_, numbers in series), default=0) or 1
    return [Line(label, _points(numbers, highest), colour % COLOURS) for label, colour, numbers in series]


def _points(numbers: Sequence[int], highest: int) -> str:
    step = WIDTH / max(1, len(numbers) - 1)
    places = ((place * step, HEIGHT - number * (HEIGHT - 4) / highest - 2) for place, number in enumerate(numbers))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
