"""FreezeNode: freeze a draft, together with all drafts that it depends on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.nodes.freeze import Freeze, Frozen, freeze, plan_freeze
from app.nodes.versions import Node, find_node, version_name
from app.references import VersionKeyword
from app.services.call import Call, CollapsedText, Service
from app.services.identifying_fields import version_fields
from app.services.response import Fields, Group, ServiceResponse


class FreezeAction(StrEnum):
    """List what would be frozen, or freeze it."""

    IMPACT = "impact"
    FORCE = "force"


@dataclass(frozen=True)
class FreezeNodeRequest:
    """A node by identifier, which takes precedence, or reference."""

    node_identifier: int | None = None
    node_reference: CollapsedText | None = None
    action: FreezeAction = FreezeAction.IMPACT
    freeze_content_indicator: bool = False


def run(request: FreezeNodeRequest, call: Call) -> ServiceResponse:
    """Return the nodes that are or would be frozen.

    With `impact`, 0 if at most the node itself would be frozen, or 108 if others would be too. With `force`, 0, or 106
    if `If-Match` names what another impact has listed. With both, 109 and the nodes that prevent it if the caller may
    not administer all of them; then nothing is done.
    """
    forced = request.action is FreezeAction.FORCE
    with call.workload.others.soon(call.user), call.engine.begin() as connection:
        node = find_node(connection, call.caller, request.node_identifier, request.node_reference, "node")
        content = request.freeze_content_indicator
        if forced:
            result = freeze(connection, call.caller, node, include_content=content, shown=call.if_match)
        else:
            result = plan_freeze(connection, call.caller, node, include_content=content)
        node = find_node(connection, call.caller, node.identifier, None, "node")
        number = node.number(VersionKeyword.LATEST)
        name = None if number is None else version_name(connection, node.identifier, number)
    error_number, description = _judgement(result, node, forced=forced)
    listed = result.obstacles if result.impossible else result.drafts
    rows = Group("NodeList", (Group("Node", (_fields(draft),)) for draft in listed))
    headers = {} if forced else {"ETag": f'"{result.fingerprint}"'}
    return ServiceResponse((version_fields(node, number, name), rows), error_number, description, headers)


def _judgement(result: Freeze, node: Node, *, forced: bool) -> tuple[int, str | None]:
    if result.impossible:
        parts = ["Nothing can be frozen: you are not authorised to administer all nodes that would be frozen."]
        if result.hidden:
            one = result.hidden == 1
            nodes = "1 of them is" if one else f"{result.hidden} of them are"
            parts.append(f"{nodes} not listed, because you are not authorised to read {'it' if one else 'them'}.")
        return 109, " ".join(parts)
    if not forced and any(draft.identifier != node.identifier for draft in result.drafts):
        return 108, "Other nodes would be frozen too."
    return 0, None


def _fields(draft: Frozen) -> Fields:
    return Fields(
        ("nodeReference", draft.reference),
        ("nodeVersionNumber", draft.number),
        ("nodeName", draft.name),
        ("errorMessage", draft.obstacle),
    )


SERVICE = Service("FreezeNode", FreezeNodeRequest, run, long=True)
