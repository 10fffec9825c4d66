"""UpdateNodeVersions: list what has to follow (`impact`), or do it (`force`). See `app.updates`."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from app.database.engine import snapshot
from app.errors import RelinkError
from app.nodes.references import VersionKeyword
from app.nodes.versions import find_node, version_name
from app.services.answer import Answer, Group
from app.services.call import Call, Service, Token
from app.services.identity_fields import six
from app.services.update_rows import UpdateRows
from app.updates import runs
from app.updates.read import Options, SourceScope
from app.updates.runs import RunState
from app.updates.update import Context, Outcome, begin, force, impact


class UpdateAction(StrEnum):
    """`update` is another word for `force`: the seed uses both."""

    IMPACT = "impact"
    FORCE = "force"
    UPDATE = "update"


@dataclass(frozen=True)
class UpdateNodeVersionsRequest:
    """The seed's parameters, with its defaults."""

    node_identifier: int | None = None
    node_reference: Token | None = None
    action: UpdateAction = UpdateAction.IMPACT
    update_content_indicator: bool = False
    always_create_new_version_indicator: bool = False
    source_scope: SourceScope = SourceScope.NODE
    source_reference: Token | None = None

    @property
    def context(self) -> Context:
        return Context(self.node_identifier, self.node_reference)

    @property
    def options(self) -> Options:
        return Options(
            self.update_content_indicator,
            self.always_create_new_version_indicator,
            self.source_scope,
            self.source_reference,
        )


def update_node_versions(request: UpdateNodeVersionsRequest, call: Call) -> Answer:
    """Answer the list of updates: 0, or 108 where some would be or were bypassed; 101, 105, 106 as documented."""
    if request.action is UpdateAction.IMPACT:
        with snapshot(call.engine) as connection:
            outcome = impact(connection, call.caller, request.context, request.options)
            answer = _answer(connection, call, outcome)
        answer.headers["ETag"] = f'"{outcome.fingerprint}"'
        return answer
    return _forced(request, call)


def _forced(request: UpdateNodeVersionsRequest, call: Call) -> Answer:
    with snapshot(call.engine) as connection:
        node = find_node(connection, call.caller, request.node_identifier, request.node_reference, "node")
    with ExitStack() as on_failure:
        run_connection = on_failure.enter_context(call.engine.connect())
        run = begin(run_connection, call.caller, node, request.options)
        on_failure.callback(runs.release, run_connection, run)
        try:
            outcome = force(
                call.engine, call.caller, request.context, request.options, run, run_connection, call.if_match
            )
        except RelinkError as error:
            runs.finish(run_connection, run, RunState.CANCELLED, error.number)
            raise
        with snapshot(call.engine) as connection:
            answer = _answer(connection, call, outcome)
        answer.headers["Relink-Run"] = str(run)
        resources = on_failure.pop_all()

    def keep(parts: list[bytes]) -> None:
        with resources:
            runs.keep_answer(run_connection, run, parts)
            state = RunState.CANCELLED if outcome.cancelled else RunState.DONE
            runs.finish(run_connection, run, state, outcome.error_number)

    answer.keep = keep
    return answer


def _answer(connection: Connection, call: Call, outcome: Outcome) -> Answer:
    context = outcome.context
    number = context.number(VersionKeyword.LATEST)
    name = None if number is None else version_name(connection, context.identifier, number)
    rows = UpdateRows(connection, call.caller, outcome)
    return Answer(
        parts=(six(context, number, name), Group("UpdateList", rows.groups())),
        error_number=outcome.error_number,
        error_description=_description(outcome, rows.hidden),
    )


def _description(outcome: Outcome, hidden: int) -> str | None:
    if not outcome.error_number:
        return None
    bypassed = "were bypassed" if outcome.done else "would be bypassed"
    parts = ["The run was cancelled."] if outcome.cancelled else []
    if outcome.refusals:
        parts.append(f"{len(outcome.refusals)} updates {bypassed}.")
    if hidden:
        parts.append(f"{hidden} of them are of nodes that you may not read, and are not listed.")
    return " ".join(parts)


SERVICE = Service("UpdateNodeVersions", UpdateNodeVersionsRequest, update_node_versions)
