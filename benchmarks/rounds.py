"""The number of times that a figure is measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

Measured = TypeVar("Measured")

ROUNDS: Final = 3
LONG: Final = 15.0
"""A measurement that takes this many seconds is made only once."""


def rounds(measure: Callable[[], Measured], seconds: Callable[[Measured], float]) -> list[Measured]:
    """Measure several times, or once if the first round took long. `seconds` returns what a round took."""
    found = [measure()]
    while len(found) < ROUNDS and seconds(found[0]) < LONG:
        found.append(measure())
    return found
