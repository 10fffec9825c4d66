"""Suggestions for misspelt names."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_LONGEST: Final = 60
"""Comparing takes time that grows with the length, and no known name is longer."""


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the known name most similar to an unknown one, whatever the case of the letters, or None."""
    by_lower_case = {each.lower(): each for each in known}
    found = get_close_matches(name[:_LONGEST].lower(), by_lower_case, 1, cutoff)
    return by_lower_case[found[0]] if found else None
