"""PreviewSolutionRelease: return what publishing a solution's draft would do."""

from __future__ import annotations

from dataclasses import dataclass

from app.database.engine import snapshot
from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import ServiceResponse
from app.services.solution_fields import release_response
from app.solutions.rollout.publishing import preview


@dataclass(frozen=True)
class PreviewSolutionReleaseRequest:
    """A solution. The notes are accepted as in PublishSolutionRelease, and ignored."""

    solution_id: CollapsedText | None = None
    release_notes: str | None = None


def run(request: PreviewSolutionReleaseRequest, call: Call) -> ServiceResponse:
    """Return the changes and how many instances they affect; 105 if the solution is not found."""
    require_solutions(call.caller)
    with call.workload.others.soon(call.user), snapshot(call.engine) as connection:
        return release_response(preview(connection, request.solution_id or ""))


SERVICE = Service("PreviewSolutionRelease", PreviewSolutionReleaseRequest, run, long=True)
