"""CompareSolutionReleases: what differs between two releases of a solution, or a release and the draft."""

from __future__ import annotations

from dataclasses import dataclass

from app.database.engine import snapshot
from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import Fields, ServiceResponse
from app.services.solution_fields import judgement_parts
from app.solutions.releases.history import BEFORE_FIRST, DRAFT, compare_releases


@dataclass(frozen=True)
class CompareSolutionReleasesRequest:
    """A solution and two of its releases. Without numbers the latest release is compared with the draft."""

    solution_id: CollapsedText | None = None
    release_number_from: int | None = None
    release_number_to: int | None = None


def run(request: CompareSolutionReleasesRequest, call: Call) -> ServiceResponse:
    """Return the changes from the first release to the second; 105 if the solution or a release is not found."""
    require_solutions(call.caller)
    with snapshot(call.engine) as connection:
        found = compare_releases(
            connection,
            request.solution_id or "",
            request.release_number_from or None,
            request.release_number_to or None,
        )
    head = Fields(
        ("solutionId", found.solution_id),
        ("releaseNumberFrom", None if found.from_number == BEFORE_FIRST else found.from_number),
        ("releaseNumberTo", None if found.to_number == DRAFT else found.to_number),
    )
    return ServiceResponse((head, *judgement_parts(found.judgement)))


SERVICE = Service("CompareSolutionReleases", CompareSolutionReleasesRequest, run)
