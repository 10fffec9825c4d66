"""What runs do, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from app.console.updates.requests import SERVICE
from app.identity.rights import Caller
from app.runs.record import Run
from app.runs.wanted import IMPACT
from app.solutions.releases.listing import read_titles
from app.solutions.rollout.bulk_run import NAME as ROLL_OUT

_WHAT: Final = {SERVICE: "Update", "NodeImport": "Import", ROLL_OUT: "Roll-out"}


@dataclass(frozen=True)
class Titles:
    """The titles of runs. `solutions` has the titles of the solutions that the reader may see, by id."""

    solutions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection, reader: Caller, runs: Sequence[Run]) -> Titles:
        """Return the titles of some runs."""
        wanted = {run.solution_identifier for run in runs if run.solution_identifier is not None}
        return cls(read_titles(connection, wanted) if wanted and reader.administers_solutions else {})

    def title(self, run: Run) -> str:
        """Return what a run does."""
        what = _WHAT.get(run.service, run.service)
        if run.action == IMPACT:
            what = f"{what}, impact only"
        on = self._context(run)
        target = run.options.get("targetReleaseNumber")
        return " ".join([what, *([f"of {on}"] if on else []), *([f"to release {target}"] if target else [])])

    def _context(self, run: Run) -> str | None:
        if run.solution_identifier is None:
            return run.context_reference
        return self.solutions.get(run.solution_identifier, f"solution {run.solution_identifier}")
