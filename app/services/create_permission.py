"""CreatePermission: give a permission to the members of a group."""

from __future__ import annotations

from dataclasses import dataclass

from app.nodes.permissions import create_permission
from app.services.call import Call, CollapsedText, Service
from app.services.response import Fields, ServiceResponse


@dataclass(frozen=True)
class CreatePermissionRequest:
    """The permission, the group that gets it (a user's own group is named by the logon reference), and the node."""

    permission_type_reference: CollapsedText | None = None
    user_group_reference: CollapsedText | None = None
    object_reference: CollapsedText | None = None


def run(request: CreatePermissionRequest, call: Call) -> ServiceResponse:
    """Return the permission's identifier; faults as in `app.nodes.permissions.create_permission`."""
    with call.engine.begin() as connection:
        permission = create_permission(
            connection,
            call.caller,
            request.permission_type_reference or "",
            request.user_group_reference or "",
            request.object_reference,
        )
    return ServiceResponse((Fields(("permissionIdentifier", permission)),))


SERVICE = Service("CreatePermission", CreatePermissionRequest, run)
