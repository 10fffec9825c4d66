"""UpdateNodeVersions: list the updates that a version requires (`impact`) or make them (`force`). See `app.updates`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial

from sqlalchemy import Connection

from app.database.engine import snapshot
from app.nodes.versions import Node, find_node, version_name
from app.references import VersionKeyword
from app.runs.access import may_begin
from app.runs.wanted import FORCE, IMPACT, NodeContext, WantedRun
from app.services.call import Call, CollapsedText, Prepared, Service
from app.services.forced import UpdateAction, bypassed, end_run, note_earlier
from app.services.identifying_fields import version_fields
from app.services.response import Group, Part, ServiceResponse, Written
from app.services.rows_in_advance import rows_in_advance
from app.services.update_rows import UpdateRows, read_rows
from app.updates.bypassed import all_bypassed
from app.updates.named_impact import WantedUpdate, named_impact
from app.updates.options import Options, SourceScope
from app.updates.update import UpdateResult, force

_NAME = "UpdateNodeVersions"


@dataclass(frozen=True)
class UpdateNodeVersionsRequest:
    """The documented parameters, with their documented defaults."""

    node_identifier: int | None = None
    node_reference: CollapsedText | None = None
    action: UpdateAction = UpdateAction.IMPACT
    update_content_indicator: bool = False
    always_create_new_version_indicator: bool = False
    source_scope: SourceScope = SourceScope.NODE
    source_reference: CollapsedText | None = None
    why: bool = False

    @property
    def options(self) -> Options:
        return Options(
            self.update_content_indicator,
            self.always_create_new_version_indicator,
            self.source_scope,
            self.source_reference,
        )


def run(request: UpdateNodeVersionsRequest, call: Call) -> ServiceResponse:
    """Return the list of updates: 0, or 108 if some were or would be bypassed; 101, 105, 106 as documented."""
    return _impact(request, call) if request.action is UpdateAction.IMPACT else prepare(request, call).run(call)


def prepare(request: UpdateNodeVersionsRequest, call: Call) -> Prepared:
    """Return a request whose context node has been found. A force that could update nothing needs no run.

    An impact finds the node again with its plan.
    """
    with snapshot(call.engine) as connection:
        node = find_node(connection, call.caller, request.node_identifier, request.node_reference, "node")
        if request.action is UpdateAction.IMPACT:
            return Prepared(_run(request, node), partial(_impact, request))
        allowed = may_begin(connection, call.caller, node, include_content=request.update_content_indicator)
    return Prepared(_run(request, node) if allowed else None, partial(_forced, request, node, allowed=allowed))


def _impact(request: UpdateNodeVersionsRequest, call: Call) -> ServiceResponse:
    wanted = WantedUpdate(request.node_identifier, request.node_reference, request.options, request.why)
    with call.impact_turn():
        found = named_impact(call.engine, call.caller, wanted, call.check_goes_on)
    result, rows = found.rows.result, UpdateRows(found.rows)
    update_list = Group("UpdateList", rows.groups())
    response = _rendered(result, found.number, found.name, update_list, rows.hidden)
    response.headers["ETag"] = f'"{result.fingerprint}"'
    return response


def _forced(request: UpdateNodeVersionsRequest, node: Node, call: Call, *, allowed: bool) -> ServiceResponse:
    """Update as a run on the context node. `allowed` says whether the caller may begin one."""
    if not allowed and (response := _all_bypassed(node, request, call)) is not None:
        return response
    with call.begun(_run(request, node)) as run:
        with rows_in_advance(call) as in_advance:
            result = force(run, node, request.options, call.if_match, in_advance.begin, why=request.why)
            written = in_advance.rows(result)
        with snapshot(call.engine) as connection:
            response = _response(connection, result, written)
        note_earlier(response, run)
        return end_run(call, _NAME, run, response, cancelled=result.cancelled)


def _run(request: UpdateNodeVersionsRequest, node: Node) -> WantedRun:
    context = NodeContext(node.identifier, node.reference, request.update_content_indicator)
    action = IMPACT if request.action is UpdateAction.IMPACT else FORCE
    return WantedRun(_NAME, context, asdict(request.options), action)


def _all_bypassed(context: Node, request: UpdateNodeVersionsRequest, call: Call) -> ServiceResponse | None:
    """Return the response to a force of a caller who may not begin a run; see `app.updates.bypassed`."""
    with call.workload.impacts.soon(call.user), snapshot(call.engine) as connection:
        result = all_bypassed(connection, call.caller, context, request.options, call.if_match, why=request.why)
        return None if result is None else _response(connection, result)


def _response(
    connection: Connection, result: UpdateResult, written: tuple[Written, int] | None = None
) -> ServiceResponse:
    """Return the response, whose rows and the number of those that are hidden may have been written in advance."""
    context = result.context
    number = context.number(VersionKeyword.LATEST)
    name = None if number is None else version_name(connection, context.identifier, number)
    if written is None:
        rows = read_rows(connection, result)
        return _rendered(result, number, name, Group("UpdateList", rows.groups()), rows.hidden)
    return _rendered(result, number, name, *written)


def _rendered(
    result: UpdateResult, number: int | None, name: str | None, update_list: Part | Written, hidden: int
) -> ServiceResponse:
    return ServiceResponse(
        parts=(version_fields(result.context, number, name), update_list),
        error_number=result.error_number,
        error_description=_description(result, hidden),
    )


def _description(result: UpdateResult, hidden: int) -> str | None:
    if not result.error_number:
        return None
    parts = bypassed(len(result.refusals), done=result.done, cancelled=result.cancelled)
    if hidden:
        nodes = "1 node is" if hidden == 1 else f"{hidden} nodes are"
        parts.append(f"{nodes} not listed, because you are not authorised to read {'it' if hidden == 1 else 'them'}.")
    return " ".join(parts)


SERVICE = Service(_NAME, UpdateNodeVersionsRequest, run, long=True, prepare=prepare)
