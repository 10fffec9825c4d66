"""SetSolution: create a solution, or change its draft."""

from __future__ import annotations

from app.editions import KnownEdition
from app.identity.rights import require_solutions
from app.services.call import Call, Service
from app.services.response import Fields, ServiceResponse, edition_tag
from app.services.set_solution_request import SetSolutionRequest
from app.solutions.releases.solutions import set_draft


def run(request: SetSolutionRequest, call: Call) -> ServiceResponse:
    """Return the solution's id and the edition of its draft; faults as in
    `app.solutions.releases.solutions.set_draft`."""
    require_solutions(call.caller)
    with call.engine.begin() as connection:
        solution = set_draft(connection, request.draft(), KnownEdition(request.solution_edition, call.if_match))
    fields = Fields(("solutionId", solution.solution_id), ("solutionEdition", solution.edition))
    return ServiceResponse((fields,), headers=edition_tag(solution.edition))


SERVICE = Service("SetSolution", SetSolutionRequest, run)
