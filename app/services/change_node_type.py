"""ChangeNodeType: give a draft another type, or another version of its type."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from app.database.engine import snapshot
from app.editions import KnownEdition
from app.nodes.impacts import show
from app.nodes.patterns import PatternCheck
from app.nodes.resolving import NamedVersion
from app.nodes.type_change import change_type
from app.nodes.versions import version_name
from app.references import version_identifier
from app.runs.edit_checks import edit_check, locking_edit
from app.services.call import Call, CollapsedText, Service
from app.services.impact_rows import impact_description, impact_list
from app.services.response import Fields, ServiceResponse


class TypeChangeAction(StrEnum):
    """List what the new type does to the data, or change the type."""

    IMPACT = "impact"
    FORCE = "force"


@dataclass(frozen=True)
class ChangeNodeTypeRequest:
    """A draft and its new type, each by identifier, which takes precedence, or reference; and the edition of the node
    that the caller has read."""

    action: TypeChangeAction = TypeChangeAction.IMPACT
    node_version_identifier: int | None = None
    node_version_reference: CollapsedText | None = None
    node_version_identifier_new_type: int | None = None
    node_version_reference_new_type: CollapsedText | None = None
    node_edition: int | None = None


def run(request: ChangeNodeTypeRequest, call: Call) -> ServiceResponse:
    """Impact: 0, or 108 with the impacts if there are any. Force: 0. 101, 105 and 106 as
    `app.nodes.type_change.change_type`."""
    if request.action is TypeChangeAction.FORCE:
        return locking_edit(call.workload, call.user, partial(_changed, request, call))
    with edit_check(call.workload, call.user) as patterns:
        return _changed(request, call, patterns)


def _changed(request: ChangeNodeTypeRequest, call: Call, patterns: PatternCheck) -> ServiceResponse:
    force = request.action is TypeChangeAction.FORCE
    wanted = NamedVersion(request.node_version_identifier_new_type, request.node_version_reference_new_type)
    with call.engine.begin() if force else snapshot(call.engine) as connection:
        change = change_type(
            connection,
            call.caller,
            request.node_version_identifier,
            request.node_version_reference,
            wanted,
            KnownEdition(request.node_edition or None, call.if_match),
            patterns,
            call.before_large,
            force=force,
        )
        impacts = show(connection, call.caller, change.impacts)
        name = version_name(connection, *change.new_type.key)
    head = Fields(
        ("nodeEdition", change.edition),
        ("nodeVersionIdentifierNewType", version_identifier(*change.new_type.key)),
        ("nodeVersionReferenceNewType", f"{change.new_type.node.reference}.{change.new_type.number}"),
        ("nodeNameNewType", name),
    )
    headers = {"ETag": f'"{change.edition}"'}
    if force:
        return ServiceResponse((head,), headers=headers)
    parts = (head, impact_list(impacts))
    return ServiceResponse(parts, 108 if impacts else 0, impact_description(impacts), headers)


SERVICE = Service("ChangeNodeType", ChangeNodeTypeRequest, run)
