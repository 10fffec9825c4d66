"""RemoveSolutionInstance: remove an instance."""

from __future__ import annotations

from dataclasses import dataclass

from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import ServiceResponse
from app.solutions.instances.changing import remove_instance


@dataclass(frozen=True)
class RemoveSolutionInstanceRequest:
    """An instance."""

    solution_instance_id: CollapsedText | None = None


def run(request: RemoveSolutionInstanceRequest, call: Call) -> ServiceResponse:
    """Remove the instance; 105 if it is not found."""
    require_solutions(call.caller)
    with call.engine.begin() as connection:
        remove_instance(connection, request.solution_instance_id or "")
    return ServiceResponse()


SERVICE = Service("RemoveSolutionInstance", RemoveSolutionInstanceRequest, run)
