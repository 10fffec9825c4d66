"""UpgradeSolutionInstance: move an instance to the latest release of its solution.

The request has either the id only, if the end user runs the wizard afterwards, or also values for new slots, above all
for hidden ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import ServiceResponse
from app.services.solution_fields import RequestWithValues, instance_group
from app.solutions.instances.changing import upgrade_instance


@dataclass(frozen=True)
class UpgradeSolutionInstanceRequest(RequestWithValues):
    """An instance, and values for slots of the latest release."""

    solution_instance_id: CollapsedText | None = None


def run(request: UpgradeSolutionInstanceRequest, call: Call) -> ServiceResponse:
    """Return the instance; faults as in `app.solutions.instances.changing.upgrade_instance`."""
    require_solutions(call.caller)
    values = request.values()
    with call.engine.begin() as connection:
        instance = upgrade_instance(
            connection,
            request.solution_instance_id or "",
            values.config_values,
            values.auth_values,
            limits=call.limits,
        )
    return ServiceResponse((instance_group(instance),))


SERVICE = Service("UpgradeSolutionInstance", UpgradeSolutionInstanceRequest, run)
