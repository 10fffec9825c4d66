"""The addresses of the pages of runs, and their parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.console.urls import with_parameters
from app.text import is_whole_number
from app.web.refusal import Refused

RUNS: Final = "/console/runs"
_DIGITS = 18


def run_url(number: int, page: str = "", **parameters: str) -> str:
    """Return the address of a page of a run."""
    given = {name: text for name, text in parameters.items() if text}
    return with_parameters(f"{RUNS}/{number}{page}", given)


def number_in(parameters: Mapping[str, str], name: str) -> int:
    """Return the parameter with a name as a number, or 0 without it. Raises Refused if it is not a number."""
    given = parameters.get(name, "")
    if given and not (is_whole_number(given) and len(given) <= _DIGITS):
        raise Refused(400, f"The parameter {name} must be a number.")
    return int(given or 0)
