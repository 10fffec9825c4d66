"""UpdateSolutionInstances: list how instances of a solution would move to a release (`impact`), or move them (`force`).

`app.solutions.rollout.bulk_plan` describes the update types.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from app.database.engine import snapshot
from app.identity.rights import require_solutions
from app.runs.wanted import FORCE, IMPACT
from app.services.call import Call, CollapsedText, Prepared, Service
from app.services.fault_paths import described
from app.services.forced import UpdateAction, bypassed, end_run, note_earlier
from app.services.response import Fields, Group, ServiceResponse
from app.services.solution_fields import GivenConfigValue, RequestWithValues
from app.solutions.rollout.bulk_plan import InstanceUpdate, InstanceUpdateType, Rollout, RolloutParameters, rollout
from app.solutions.rollout.bulk_run import NAME, RolloutResult, force, impact, wanted_run


@dataclass(frozen=True)
class UpdateSolutionInstancesRequest:
    """A solution, and fields that select some of its instances. The default target is the latest release."""

    solution_id: CollapsedText | None = None
    action: UpdateAction = UpdateAction.IMPACT
    owner: CollapsedText | None = None
    tag_list: tuple[CollapsedText, ...] = ()
    percent: int | None = None
    target_release_number: int | None = None
    config_value_list: tuple[GivenConfigValue, ...] | None = None

    def wanted(self) -> RolloutParameters:
        """Return the parameters of the roll-out. Raises UserError if the list of values repeats a slot or lacks a
        field."""
        return RolloutParameters(
            solution_id=self.solution_id or "",
            owner=self.owner,
            tags=self.tag_list,
            percent=self.percent,
            target=self.target_release_number or None,
            config_values=RequestWithValues(self.config_value_list).values().config_values,
        )


def run(request: UpdateSolutionInstancesRequest, call: Call) -> ServiceResponse:
    """Return the list of updates: 0, or 108 if some were or would be bypassed; 101, 105, 106 as documented."""
    if request.action is not UpdateAction.IMPACT:
        return prepare(request, call).run(call)
    require_solutions(call.caller)
    wanted = request.wanted()
    with call.impact_turn(), snapshot(call.engine) as connection:
        return _listed(connection, rollout(connection, wanted, call.limits), call)


def prepare(request: UpdateSolutionInstancesRequest, call: Call) -> Prepared:
    """Return the roll-out of a request, ready to be planned or made."""
    require_solutions(call.caller)
    with snapshot(call.engine) as connection:
        bulk = rollout(connection, request.wanted(), call.limits)
    if request.action is UpdateAction.IMPACT:
        return Prepared(wanted_run(bulk, IMPACT), partial(_planned, bulk))
    return Prepared(wanted_run(bulk, FORCE), partial(_forced, bulk))


def _planned(bulk: Rollout, call: Call) -> ServiceResponse:
    with call.impact_turn(), snapshot(call.engine) as connection:
        return _listed(connection, bulk, call)


def _listed(connection: Connection, bulk: Rollout, call: Call) -> ServiceResponse:
    result = impact(connection, bulk, call.check_goes_on)
    response = _response(result)
    response.headers["ETag"] = f'"{result.fingerprint}"'
    return response


def _forced(bulk: Rollout, call: Call) -> ServiceResponse:
    with call.begun(wanted_run(bulk, FORCE)) as run:
        result = force(run, bulk, call.if_match)
        response = _response(result)
        note_earlier(response, run)
        return end_run(call, NAME, run, response, cancelled=result.cancelled)


def _response(result: RolloutResult) -> ServiceResponse:
    rollout = result.rollout
    head = Fields(
        ("solutionId", rollout.solution.solution_id),
        ("title", rollout.solution.title),
        ("releaseNumber", rollout.target),
    )
    rows = Group("UpdateList", (_row(update, rollout.target) for update in result.updates))
    description = bypassed(result.bypassed, done=result.done, cancelled=result.cancelled)
    return ServiceResponse((head, rows), result.error_number, " ".join(description) or None)


def _row(update: InstanceUpdate, target: int) -> Group:
    instance = update.instance
    fields = Fields(
        ("solutionInstanceId", instance.instance_id),
        ("name", instance.name),
        ("owner", instance.owner),
        ("releaseNumberFrom", instance.release),
        ("releaseNumberTo", target),
        ("updateType", update.type.value),
        ("errorMessage", _message(update)),
    )
    if update.type is not InstanceUpdateType.UPGRADE:
        return Group("Update", (fields,))
    pending = Fields(*(("externalId", external_id) for external_id in update.pending))
    return Group("Update", (fields, Group("PendingSlotList", (pending,))))


def _message(update: InstanceUpdate) -> str | None:
    if update.type is not InstanceUpdateType.ERROR:
        return update.error_message
    return f"Not moved: {update.error_message if update.refused is None else described(update.refused)}"


SERVICE = Service(NAME, UpdateSolutionInstancesRequest, run, long=True, prepare=prepare)
