"""PublishSolutionRelease: make a solution's draft its next release."""

from __future__ import annotations

from dataclasses import dataclass

from app.editions import KnownEdition
from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import ServiceResponse
from app.services.solution_fields import release_response
from app.solutions.rollout.publishing import publish


@dataclass(frozen=True)
class PublishSolutionReleaseRequest:
    """A solution, the edition of its draft that the caller has read, and notes about the release."""

    solution_id: CollapsedText | None = None
    solution_edition: CollapsedText | None = None
    release_notes: str | None = None


def run(request: PublishSolutionReleaseRequest, call: Call) -> ServiceResponse:
    """Return the same as PreviewSolutionRelease, for the release that is now published; 106 if the draft no longer has
    the edition that the caller knows."""
    require_solutions(call.caller)
    user, known = call.caller.user_identifier, KnownEdition(request.solution_edition, call.if_match)
    with call.workload.others.soon(call.user), call.engine.begin() as connection:
        return release_response(publish(connection, user, request.solution_id or "", request.release_notes, known))


SERVICE = Service("PublishSolutionRelease", PublishSolutionReleaseRequest, run, long=True)
