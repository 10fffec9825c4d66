"""A run as `/runs/N` describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.text import counted

DONE: Final = "done"
_OPEN = ("queued", "running")


@dataclass(frozen=True)
class RunStatus:
    """The state and progress of a run. `waiting_for` is what a queued run waits for: `run`, `worker` or `turn`."""

    identifier: int
    state: str
    service: str
    action: str
    steps: int
    done: int
    reason: str | None = None
    error_number: int | None = None
    waiting_for: str | None = None
    waiting_for_run: int | None = None

    @classmethod
    def of(cls, found: Mapping[str, object]) -> RunStatus:
        """Return the run that a JSON object describes."""
        return cls(
            identifier=_number(found, "run") or 0,
            state=str(found.get("state")),
            service=str(found.get("service")),
            action=str(found.get("action")),
            steps=_number(found, "steps") or 0,
            done=_number(found, "done") or 0,
            reason=_text(found, "reason"),
            error_number=_number(found, "errorNumber"),
            waiting_for=_text(found, "waitingFor"),
            waiting_for_run=_number(found, "waitingForRun"),
        )

    @property
    def is_open(self) -> bool:
        """Whether the run has not ended."""
        return self.state in _OPEN

    @property
    def is_import(self) -> bool:
        """Whether the run imports nodes: all of them in its last moment, or none."""
        return self.service == "NodeImport"

    @property
    def is_impact(self) -> bool:
        """Whether the run only lists what would be done."""
        return self.action == "impact"

    @property
    def can_be_done_in_part(self) -> bool:
        """Whether the run commits each of its steps, so that another run does the rest."""
        return not self.is_import and not self.is_impact

    def what_happens(self) -> str:
        """Return what the run does at the moment, what it waits for, or how far it has come."""
        if self.state == "queued":
            if self.waiting_for_run is not None:
                return f"waiting for run {self.waiting_for_run}"
            return "waiting for a worker" if self.waiting_for == "worker" else "waiting for its turn"
        if self.steps:
            return f"{self.done:,} of {counted(self.steps, 'step')}"
        if not self.is_open:
            return self.state
        return "importing" if self.is_import else "planning"

    def what_was_done(self) -> str:
        """Return how much of the run was done and how much is left, for a run that ended too early."""
        if self.is_impact:
            return "nothing was listed"
        if self.is_import:
            return "nothing was imported"
        if not self.steps:
            return "nothing was done"
        verb = "is" if self.done == 1 else "are"
        return f"{self.done:,} of {counted(self.steps, 'step')} {verb} done, {self.steps - self.done:,} left"


def _number(found: Mapping[str, object], name: str) -> int | None:
    value = found.get(name)
    return value if isinstance(value, int) else None


def _text(found: Mapping[str, object], name: str) -> str | None:
    value = found.get(name)
    return value if isinstance(value, str) else None
