"""DeletePermission: revoke a permission."""

from __future__ import annotations

from dataclasses import dataclass

from app.nodes.permission_records import delete_permission
from app.services.call import Call, Service
from app.services.response import ServiceResponse


@dataclass(frozen=True)
class DeletePermissionRequest:
    """A permission by its identifier."""

    permission_identifier: int | None = None


def run(request: DeletePermissionRequest, call: Call) -> ServiceResponse:
    """Delete the permission if it exists; raises like `app.nodes.permission_records.delete_permission`."""
    with call.engine.begin() as connection:
        delete_permission(connection, call.caller, request.permission_identifier)
    return ServiceResponse()


SERVICE = Service("DeletePermission", DeletePermissionRequest, run)
