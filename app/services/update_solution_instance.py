"""UpdateSolutionInstance: change an instance on its present release."""

from __future__ import annotations

from dataclasses import dataclass

from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import ServiceResponse
from app.services.solution_fields import RequestWithValues, instance_group
from app.solutions.instances.changing import update_instance


@dataclass(frozen=True)
class UpdateSolutionInstanceRequest(RequestWithValues):
    """An instance and its new fields. Absent fields keep their value."""

    solution_instance_id: CollapsedText | None = None
    instance_name: str | None = None
    enabled: bool | None = None
    held: bool | None = None
    error_on_enabling_with_missing_values: bool = False


def run(request: UpdateSolutionInstanceRequest, call: Call) -> ServiceResponse:
    """Return the instance; faults as in `app.solutions.instances.changing.update_instance`."""
    require_solutions(call.caller)
    values = request.values()
    with call.engine.begin() as connection:
        instance = update_instance(
            connection,
            request.solution_instance_id or "",
            name=request.instance_name,
            enabled=request.enabled,
            held=request.held,
            config_values=values.config_values,
            auth_values=values.auth_values,
            error_on_enabling_with_missing_values=request.error_on_enabling_with_missing_values,
            limits=call.limits,
        )
    return ServiceResponse((instance_group(instance),))


SERVICE = Service("UpdateSolutionInstance", UpdateSolutionInstanceRequest, run)
