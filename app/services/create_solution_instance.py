"""CreateSolutionInstance: create an instance of a solution's latest release for an end user."""

from __future__ import annotations

from dataclasses import dataclass

from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import ServiceResponse
from app.services.solution_fields import RequestWithValues, instance_group
from app.solutions.instances.changing import create_instance


@dataclass(frozen=True)
class CreateSolutionInstanceRequest(RequestWithValues):
    """A solution, an end user, a name, and values for slots."""

    solution_id: CollapsedText | None = None
    owner: CollapsedText | None = None
    instance_name: str | None = None


def run(request: CreateSolutionInstanceRequest, call: Call) -> ServiceResponse:
    """Return the new instance; faults as in `app.solutions.instances.changing.create_instance`."""
    require_solutions(call.caller)
    values = request.values()
    with call.engine.begin() as connection:
        instance = create_instance(
            connection,
            request.solution_id or "",
            request.owner or "",
            request.instance_name,
            values.config_values,
            values.auth_values,
            limits=call.limits,
        )
    return ServiceResponse((instance_group(instance),))


SERVICE = Service("CreateSolutionInstance", CreateSolutionInstanceRequest, run)
