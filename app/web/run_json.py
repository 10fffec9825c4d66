"""Runs and their outcomes as JSON."""

from __future__ import annotations

from datetime import datetime

from app.runs.listing import Outcome
from app.runs.queued import Waiting
from app.runs.record import Run
from app.solutions.texts import time_text

IMPORT = "NodeImport"
_OPTIONS = {
    "update_content": "updateContentIndicator",
    "always_create_new_version": "alwaysCreateNewVersionIndicator",
    "source_scope": "sourceScope",
    "source_reference": "sourceReference",
}


def run_json(found: Run, waiting: Waiting | None = None) -> dict[str, object]:
    """Return a run: what was requested, by whom and when, how far the run is, what it waits for, and why it stopped."""
    left = max(found.steps - found.done, 0) if found.is_planned else None
    return {
        "run": found.identifier,
        "service": found.service,
        "action": found.action,
        "state": found.state.value,
        **_context(found),
        "user": found.user_logon,
        "attempts": found.attempts,
        "plan": found.plan,
        "options": {_OPTIONS.get(name, name): value for name, value in found.options.items()},
        "steps": found.steps,
        "done": found.done,
        "left": left,
        "perSecond": _per_second(found),
        "errorNumber": found.error_number,
        "reason": found.reason,
        "queuedAt": time_text(found.queued_at),
        "startedAt": _time(found.started_at),
        "finishedAt": _time(found.finished_at),
        **({} if waiting is None else {"waitingFor": waiting.what.value, "waitingForRun": waiting.run}),
    }


def outcome_json(found: Outcome) -> dict[str, object]:
    """Return the outcome of one node or instance."""
    if found.instance_identifier is not None:
        about: dict[str, object] = {
            "solutionInstanceId": found.instance_identifier,
            "releaseNumber": found.number,
        }
    else:
        about = {"nodeReference": found.node_reference, "nodeVersionNumber": found.number}
    return {"number": found.ordinal, **about, "updateType": found.update_type}


def _context(found: Run) -> dict[str, str | None]:
    if found.solution_identifier is not None:
        return {"solutionId": found.solution_identifier}
    if found.service == IMPORT:
        return {}
    return {"nodeReference": found.context_reference}


def _per_second(found: Run) -> float | None:
    """Return how many nodes or instances the run has done in a second, on average; None before it has done any."""
    if not found.done or not found.seconds or found.seconds <= 0:
        return None
    return round(found.done / found.seconds, 1)


def _time(moment: datetime | None) -> str | None:
    return time_text(moment) if moment else None
