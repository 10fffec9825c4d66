"""UpdateNodeVersions: list the updates that a version requires (`impact`) or make them (`force`). See `app.updates`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection

from app.database.engine import snapshot
from app.errors import NotAuthorisedError
from app.nodes.versions import Node, find_node, version_name
from app.references import VersionKeyword
from app.runs.access import may_begin
from app.runs.held import WantedRun, check_match, started
from app.runs.record import NodeContext
from app.services.answer import Answer, Group, Part, Written
from app.services.call import Call, CollapsedText, Service
from app.services.forced import UpdateAction, bypassed, kept
from app.services.identifying_fields import version_fields
from app.services.rows_in_advance import rows_in_advance
from app.services.update_rows import UpdateRows
from app.updates.read import Options, SourceScope
from app.updates.update import UpdateResult, force, impact

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

    @property
    def options(self) -> Options:
        return Options(
            self.update_content_indicator,
            self.always_create_new_version_indicator,
            self.source_scope,
            self.source_reference,
        )


def run(request: UpdateNodeVersionsRequest, call: Call) -> Answer:
    """Return the list of updates: 0, or 108 if some were or would be bypassed; 101, 105, 106 as documented."""
    return _impact(request, call) if request.action is UpdateAction.IMPACT else _forced(request, call)


def _impact(request: UpdateNodeVersionsRequest, call: Call) -> Answer:
    with call.workload.impacts.soon(), snapshot(call.engine) as connection:
        node = find_node(connection, call.caller, request.node_identifier, request.node_reference, "node")
        outcome = impact(connection, call.caller, node, request.options)
        answer = _answer(connection, outcome)
    answer.headers["ETag"] = f'"{outcome.fingerprint}"'
    return answer


def _forced(request: UpdateNodeVersionsRequest, call: Call) -> Answer:
    with snapshot(call.engine) as connection:
        node = find_node(connection, call.caller, request.node_identifier, request.node_reference, "node")
        allowed = may_begin(connection, call.caller, node, include_content=request.update_content_indicator)
    if not allowed and (answer := _all_bypassed(node, request.options, call)) is not None:
        return answer
    context = NodeContext(node.identifier, node.reference, request.update_content_indicator)
    wanted = WantedRun(_NAME, context, asdict(request.options))
    with started(call.engine, call.caller, wanted, call.workload.runs) as run:
        with rows_in_advance(call) as in_advance:
            outcome = force(run, node, request.options, call.if_match, in_advance.begin)
            written = in_advance.rows(outcome)
        with snapshot(call.engine) as connection:
            answer = _answer(connection, outcome, written)
        return kept(call, _NAME, run, answer, cancelled=outcome.cancelled)


def _all_bypassed(context: Node, options: Options, call: Call) -> Answer | None:
    """Return what a force would bypass for a caller who may not begin a run. Nothing is changed or locked.

    Returns None if the rights of the caller have changed meanwhile, so that an update is possible. Raises
    NotAuthorisedError (101) for a caller who has not signed in, if the rights of `public` would allow an update.
    """
    with call.workload.impacts.soon(), snapshot(call.engine) as connection:
        node = find_node(connection, call.caller, context.identifier, None, "node")
        outcome = impact(connection, call.caller, node, options)
        check_match(outcome.fingerprint, call.if_match)
        if not outcome.updates:
            return _answer(connection, replace(outcome, done=True))
    if not call.caller.is_signed_in:
        raise NotAuthorisedError("sign in to update nodes: without credentials only an impact is possible")
    return None


def _answer(connection: Connection, outcome: UpdateResult, written: tuple[Written, int] | None = None) -> Answer:
    """The answer, whose rows and the number of those that are hidden may have been written in advance."""
    context = outcome.context
    number = context.number(VersionKeyword.LATEST)
    name = None if number is None else version_name(connection, context.identifier, number)
    update_list: Part | Written
    if written is None:
        rows = UpdateRows(connection, outcome.caller, outcome)
        update_list, hidden = Group("UpdateList", rows.groups()), rows.hidden
    else:
        update_list, hidden = written
    return Answer(
        parts=(version_fields(context, number, name), update_list),
        error_number=outcome.error_number,
        error_description=_description(outcome, hidden),
    )


def _description(outcome: UpdateResult, hidden: int) -> str | None:
    if not outcome.error_number:
        return None
    parts = bypassed(len(outcome.refusals), done=outcome.done, cancelled=outcome.cancelled)
    if hidden:
        nodes = "1 node is" if hidden == 1 else f"{hidden} nodes are"
        parts.append(f"{nodes} not listed, because you are not authorised to read {'it' if hidden == 1 else 'them'}.")
    return " ".join(parts)


SERVICE = Service(_NAME, UpdateNodeVersionsRequest, run, long=True)
