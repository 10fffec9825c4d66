"""PublishSolutionRelease: make a solution's draft its next release."""

from __future__ import annotations

from dataclasses import dataclass

from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import ServiceResponse
from app.services.solution_fields import release_response
from app.solutions.rollout.publishing import publish


@dataclass(frozen=True)
class PublishSolutionReleaseRequest:
    """A solution, and notes about the release."""

    solution_id: CollapsedText | None = None
    release_notes: str | None = None


def run(request: PublishSolutionReleaseRequest, call: Call) -> ServiceResponse:
    """Return the same as PreviewSolutionRelease, for the release that is now published."""
    require_solutions(call.caller)
    user = call.caller.user_identifier
    with call.workload.others.soon(call.user), call.engine.begin() as connection:
        return release_response(publish(connection, user, request.solution_id or "", request.release_notes))


SERVICE = Service("PublishSolutionRelease", PublishSolutionReleaseRequest, run, long=True)
