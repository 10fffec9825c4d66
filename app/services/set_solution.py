"""SetSolution: create a solution, or change its draft."""

from __future__ import annotations

from app.identity.rights import require_solutions
from app.services.call import Call, Service
from app.services.response import Fields, ServiceResponse
from app.services.set_solution_request import SetSolutionRequest
from app.solutions.releases.solutions import set_draft


def run(request: SetSolutionRequest, call: Call) -> ServiceResponse:
    """Return the solution's id; faults as in `app.solutions.releases.solutions.set_draft`."""
    require_solutions(call.caller)
    with call.engine.begin() as connection:
        solution = set_draft(connection, request.draft())
    return ServiceResponse((Fields(("solutionId", solution)),))


SERVICE = Service("SetSolution", SetSolutionRequest, run)
