"""GetSolutionInstances: list the instances that match a filter, page by page, with their flags."""

from __future__ import annotations

from dataclasses import dataclass

from app.database.engine import snapshot
from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import Fields, Group, ServiceResponse
from app.services.solution_fields import instance_group
from app.solutions.instances.reading import InstanceFilter, read_instances


@dataclass(frozen=True)
class GetSolutionInstancesRequest:
    """A filter: instances must match all fields that are given. Pages count from 1."""

    solution_instance_id: CollapsedText | None = None
    owner: CollapsedText | None = None
    solution_id: CollapsedText | None = None
    has_newer_version: bool | None = None
    requires_user_input_to_update_version: bool | None = None
    requires_system_input_to_update_version: bool | None = None
    page: int = 1
    page_size: int = 100

    def filter(self) -> InstanceFilter:
        return InstanceFilter(
            ids=None if self.solution_instance_id is None else (self.solution_instance_id,),
            owner=self.owner,
            solution_id=self.solution_id,
            has_newer_version=self.has_newer_version,
            requires_user_input_to_update_version=self.requires_user_input_to_update_version,
            requires_system_input_to_update_version=self.requires_system_input_to_update_version,
        )


def run(request: GetSolutionInstancesRequest, call: Call) -> ServiceResponse:
    """Return how many instances match, and those on the page, the oldest first."""
    require_solutions(call.caller)
    with call.workload.others.soon(call.user), snapshot(call.engine) as connection:
        instances, total = read_instances(connection, request.filter(), request.page, request.page_size, call.limits)
    found = Group("SolutionInstanceList", (instance_group(instance) for instance in instances))
    return ServiceResponse((Fields(("totalCount", total)), found))


SERVICE = Service("GetSolutionInstances", GetSolutionInstancesRequest, run, long=True)
