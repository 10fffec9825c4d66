"""The addresses of the pages of runs."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

RUNS: Final = "/console/runs"


def run_url(number: int, page: str = "", **parameters: str) -> str:
    """Return the address of a page of a run."""
    given = {name: text for name, text in parameters.items() if text}
    return f"{RUNS}/{number}{page}" + (f"?{urlencode(given)}" if given else "")
