"""Gives permissions to groups."""

from __future__ import annotations

from sqlalchemy import Connection, text

from app.errors import Fault, NotAuthorisedError, UserError, invalid, missing, no_such, not_found, refuse
from app.identity import audit, right
from app.identity.audit import Action, Event
from app.identity.right import GLOBAL_PERMISSIONS, NODE_PERMISSIONS, PACKAGE_PERMISSIONS
from app.identity.rights import Caller
from app.identity.users import PUBLIC_GROUP, find_group
from app.nodes.versions import node_by_reference, parsed_node_reference, sign_in_to_read

# The update changes nothing. It makes the statement also return a permission that exists already, even one that another
# transaction is creating at the same time.
_INSERT_PERMISSION = text("""
    INSERT INTO permission (permission_type, user_group_identifier, node_identifier) VALUES (:type, :group, :node)
    ON CONFLICT (user_group_identifier, permission_type, node_identifier)
    DO UPDATE SET permission_type = EXCLUDED.permission_type
    RETURNING permission_identifier, xmax = 0 AS is_new
""")


def create_permission(
    connection: Connection,
    caller: Caller,
    permission_type: str | None,
    user_group_reference: str | None,
    object_reference: str | None,
) -> int:
    """Give a permission to a group, on a node or (those of GLOBAL_PERMISSIONS) on everything. Returns its identifier.

    If the permission exists already, its identifier is returned. Raises UserError (105) about
    `permission_type_reference`, `user_group_reference` or `object_reference`; a node that the caller may not read is
    not found. Raises NotAuthorisedError (101) if the caller does not administer the node, which nobody does in the
    system package. A permission on everything, or one for `public`, needs administer-all ("only admin may grant to
    it").
    """
    permission_type, group_reference = permission_type or "", user_group_reference or ""
    refuse(_faults(permission_type, group_reference, object_reference or ""))
    # Before the group, so that only callers who have a right to give learn which groups and users exist.
    node = _authorised_node(connection, caller, permission_type, object_reference or "")
    group = _group(connection, caller, permission_type, group_reference)
    values = {"type": permission_type, "group": group, "node": node}
    row = connection.execute(_INSERT_PERMISSION, values).one()
    if row.is_new:
        given = {"permission": row.permission_identifier, "type": permission_type, "on": object_reference or None}
        audit.record(connection, Event(Action.PERMISSION_CREATED, "group", group_reference, given))
    return int(row.permission_identifier)


def _faults(permission_type: str, group_reference: str, object_reference: str) -> list[Fault]:
    """Return the faults of a request that do not depend on the store."""
    faults: list[Fault] = []
    on_node = permission_type in NODE_PERMISSIONS or permission_type in PACKAGE_PERMISSIONS
    if not permission_type:
        faults.append(missing("permission_type_reference"))
    elif not on_node and permission_type not in GLOBAL_PERMISSIONS:
        known = ", ".join([*NODE_PERMISSIONS, *PACKAGE_PERMISSIONS, *sorted(GLOBAL_PERMISSIONS)])
        faults.append(no_such("permission_type_reference", "permission type", permission_type, f": use one of {known}"))
    if not group_reference:
        faults.append(missing("user_group_reference"))
    if on_node and not object_reference:
        faults.append(missing("object_reference", why=f"{permission_type} is given on a node"))
    elif permission_type in GLOBAL_PERMISSIONS and object_reference:
        faults.append(invalid("object_reference", f"must be empty: {permission_type} is not given on an object"))
    return faults


def _authorised_node(connection: Connection, caller: Caller, permission_type: str, reference: str) -> int | None:
    """Return the node of the permission, or None for a global one. Raises an error if the caller may not give it."""
    if permission_type in GLOBAL_PERMISSIONS:
        if not caller.administers_all:
            raise NotAuthorisedError(f"not authorised to give {permission_type}")
        return None
    node = node_by_reference(connection, caller, parsed_node_reference(reference, "object_reference"))
    if node is None or not node.may(right.READ):
        if not caller.is_signed_in:
            raise sign_in_to_read(reference)
        raise UserError(not_found("object_reference", reference))
    if not node.may(right.ADMINISTER):
        raise NotAuthorisedError(f"not authorised to administer {reference}")
    return node.identifier


def _group(connection: Connection, caller: Caller, permission_type: str, reference: str) -> int:
    """Return the group with a reference. Raises an error if the caller may not give the permission to this group."""
    group = find_group(connection, reference)
    if group is None:
        raise UserError(no_such("user_group_reference", "user or group", reference))
    if group == PUBLIC_GROUP and not caller.administers_all:
        raise NotAuthorisedError("not authorised to grant to public")
    if group == PUBLIC_GROUP and permission_type in GLOBAL_PERMISSIONS:
        raise UserError(invalid("user_group_reference", f"{permission_type} cannot be given to public"))
    return group
