"""GetEffectivePermissions: what a user may do with a node, and what gives each permission."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.database.engine import snapshot
from app.nodes.explaining import Explanation, RightSource, explain
from app.services.call import Call, CollapsedText, Service
from app.services.response import Fields, Group, ServiceResponse


@dataclass(frozen=True)
class GetEffectivePermissionsRequest:
    """A user, without whom it is the caller, and a node by identifier, which takes precedence, or reference."""

    user_logon_reference_details: CollapsedText | None = None
    node_identifier: int | None = None
    node_reference: CollapsedText | None = None


def run(request: GetEffectivePermissionsRequest, call: Call) -> ServiceResponse:
    """Return each permission that the user has in effect, with what it comes from; faults as in
    `app.nodes.explaining.explain`."""
    with snapshot(call.engine) as connection:
        found = explain(
            connection,
            call.caller,
            request.user_logon_reference_details,
            request.node_identifier,
            request.node_reference,
        )
    head = Fields(
        ("userLogonReference", found.logon),
        ("userEnabledIndicator", found.is_enabled),
        ("nodeIdentifier", found.node.identifier),
        ("nodeReference", found.node.reference),
    )
    return ServiceResponse((head, Group("EffectivePermissionList", tuple(_permissions(found)))))


def _permissions(found: Explanation) -> Iterator[Group]:
    for name, reasons in found.permissions():
        sources = [_ownership(found)] if found.is_owner else []
        sources += [_permission(reason) for reason in reasons]
        parts = (Fields(("permissionTypeReference", name)), Group("SourceList", tuple(sources)))
        yield Group("EffectivePermission", parts)


def _ownership(found: Explanation) -> Group:
    fields = Fields(
        ("sourceKind", "ownership"),
        ("userGroupReference", found.logon),
        ("objectReference", found.node.reference),
    )
    return Group("Source", (fields,))


def _permission(reason: RightSource) -> Group:
    fields = Fields(
        ("sourceKind", "permission"),
        ("permissionIdentifier", reason.identifier),
        ("permissionTypeReference", reason.permission_type),
        ("userGroupReference", reason.group),
        ("objectReference", reason.on),
    )
    return Group("Source", (fields,))


SERVICE = Service("GetEffectivePermissions", GetEffectivePermissionsRequest, run)
