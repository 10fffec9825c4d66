"""GetPermissionList: list the permissions on a node, or all permissions, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from app.database.engine import snapshot
from app.identity.right import GLOBAL_PERMISSIONS, NODE_PERMISSIONS, PACKAGE_PERMISSIONS
from app.nodes.permission_records import Permission, find_object, read_permissions
from app.nodes.versions import version_name
from app.services.call import Call, CollapsedText, Service
from app.services.response import Fields, Group, ServiceResponse


@dataclass(frozen=True)
class GetPermissionListRequest:
    """A node by identifier, which takes precedence, or reference; without one all permissions."""

    permission_on_node_identifier: int | None = None
    object_reference: CollapsedText | None = None
    user_group_reference: CollapsedText | None = None
    return_types: bool = False
    permission_identifier_after: int | None = None
    page_size: int = 100


def run(request: GetPermissionListRequest, call: Call) -> ServiceResponse:
    """Return a page, and the start of the next page if there are more permissions.

    101 without administer on the node or, for all permissions, without administer-all.
    """
    with snapshot(call.engine) as connection:
        node = find_object(connection, call.caller, request.permission_on_node_identifier, request.object_reference)
        found = read_permissions(
            connection,
            node,
            request.user_group_reference,
            after=request.permission_identifier_after or 0,
            limit=request.page_size + 1,
        )
        name = None if node is None else version_name(connection, node.identifier, node.latest)
    page = found[: request.page_size]
    head = Fields(
        ("singleObject", node is not None),
        ("objectType", None if node is None else "node"),
        ("objectReference", None if node is None else node.reference),
        ("objectName", name),
    )
    has_more = len(found) > len(page)
    tail = Fields(("permissionIdentifierAfter", page[-1].identifier if has_more else None))
    parts = (head, Group("PermissionList", (_permission(each) for each in page)), tail)
    return ServiceResponse((*parts, *_types(on_node=node is not None)) if request.return_types else parts)


def _permission(each: Permission) -> Group:
    fields = Fields(
        ("permissionIdentifier", each.identifier),
        ("permissionTypeReference", each.type),
        ("objectReference", each.node_reference),
        ("objectName", each.node_name),
        ("userGroupReference", each.group_reference),
        ("userGroupName", each.group_name),
    )
    return Group("Permission", (fields,))


def _types(*, on_node: bool) -> tuple[Group]:
    """Return the types that can be given on a node, or all types."""
    types = [*NODE_PERMISSIONS, *PACKAGE_PERMISSIONS, *(() if on_node else sorted(GLOBAL_PERMISSIONS))]
    rows = (Group("PermissionType", (Fields(("permissionTypeReference", each)),)) for each in types)
    return (Group("PermissionTypeList", rows),)


SERVICE = Service("GetPermissionList", GetPermissionListRequest, run)
