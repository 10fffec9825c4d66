"""Lists and deletes permissions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.errors import NotAuthorisedError, UserError, missing, no_such
from app.identity import audit, right
from app.identity.audit import Action, Event
from app.identity.present_rights import lock_administrators
from app.identity.right import ADMINISTER_ALL
from app.identity.rights import Caller, require_administrator, rights_on
from app.identity.users import PUBLIC_GROUP, find_group
from app.nodes.versions import Node, find_node

_COLUMNS = sql_file("app.nodes", "permissions")
_LIST = """
    WHERE p.permission_identifier > :after
      AND (CAST(:node AS bigint) IS NULL OR p.node_identifier = :node)
      AND (CAST(:group AS text) IS NULL OR g.user_group_reference = :group)
    ORDER BY p.permission_identifier LIMIT :limit
"""
_COUNT = text("SELECT count(*) FROM permission WHERE node_identifier = :node")
_LOCK = text("""
    SELECT p.permission_type, p.user_group_identifier, g.user_group_reference, p.node_identifier
    FROM permission p JOIN user_group g USING (user_group_identifier)
    WHERE p.permission_identifier = :permission FOR UPDATE OF p
""")
_DELETE = text("DELETE FROM permission WHERE permission_identifier = :permission")
_NODE = text("SELECT node_reference, owner_identifier FROM node WHERE node_identifier = :node")
_ADMINISTERS_ALL = text("""
    SELECT EXISTS (
      SELECT FROM permission
      WHERE permission_type = :type AND node_identifier IS NULL AND user_group_identifier = ANY (:groups))
""")
_GIVE_BACK = text("""
    INSERT INTO permission (permission_type, user_group_identifier, node_identifier)
    SELECT :type, own_group_identifier, :node FROM account WHERE user_identifier = :user
    ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True)
class Permission:
    """A permission of a group on a node, or on everything if there is no node."""

    identifier: int
    type: str
    node_reference: str | None
    node_name: str | None
    group_reference: str
    group_name: str


def find_object(connection: Connection, caller: Caller, identifier: int | None, reference: str | None) -> Node | None:
    """Return the node whose permissions a caller wants to see, or None for those on all nodes and on everything.

    Raises the errors of `find_node`, and NotAuthorisedError (101) if the caller does not administer the node or,
    without a node, does not have administer-all.
    """
    if not identifier and not reference:
        require_administrator(caller, "to list all permissions")
        return None
    # Nobody can give permissions on nodes of the system package, but callers with administer-all may list them.
    field = "permission_on_node" if identifier else "object"
    node = find_node(connection, caller, identifier, reference, field)
    if not node.may(right.ADMINISTER) and not caller.administers_all:
        raise NotAuthorisedError(f"not authorised to administer {reference or identifier}")
    return node


def read_permissions(
    connection: Connection, node: Node | None, group: str | None = None, *, after: int = 0, limit: int = 100
) -> list[Permission]:
    """Read permissions in the order in which they were given, optionally only those of a node or of a group.

    Raises UserError (105) about `user_group_reference` if there is no such user or group.
    """
    if group and find_group(connection, group) is None:
        raise UserError(no_such("user_group_reference", "user or group", group))
    given = {"after": after, "node": node and node.identifier, "group": group or None, "limit": limit}
    return [Permission(*row) for row in connection.execute(text(_COLUMNS + _LIST), given)]


def count_permissions(connection: Connection, node: Node) -> int:
    """Return the number of permissions on a node itself."""
    return int(connection.execute(_COUNT, {"node": node.identifier}).scalar_one())


def delete_permission(connection: Connection, caller: Caller, identifier: int | None) -> bool:
    """Delete a permission, with effect from the next request on. Returns whether the permission existed.

    A permission on a node that the caller may not read does not exist for the caller, nor does a permission on
    everything for a caller without administer-all.

    Raises UserError (105) about `permission_identifier`, and NotAuthorisedError (101) if the caller could not have
    given the permission. If the caller would lose the right to give the permission again, the permission is given to
    the caller's own group, so that callers cannot lock themselves out.
    """
    if not caller.is_signed_in:
        raise NotAuthorisedError("sign in to delete a permission")
    if not identifier:
        raise UserError(missing("permission_identifier"))
    caller = lock_administrators(connection, caller)
    row = connection.execute(_LOCK, {"permission": identifier}).one_or_none()
    if row is None or not _may_know(connection, caller, row.node_identifier):
        return False
    kind, group, group_reference, node = row
    may_give = _may_give(connection, caller, node) and (group != PUBLIC_GROUP or caller.administers_all)
    if not may_give:
        raise NotAuthorisedError(f"not authorised to delete permission {identifier}")
    connection.execute(_DELETE, {"permission": identifier})
    kept = not _may_give(connection, _as_it_is_now(connection, caller), node)
    if kept:
        connection.execute(_GIVE_BACK, {"type": kind, "node": node, "user": caller.user_identifier})
    details = {"permission": identifier, "type": kind, "on": _reference(connection, node)}
    details |= {"kept": True} if kept else {}
    audit.record(connection, Event(Action.PERMISSION_DELETED, "group", group_reference, details))
    return True


def _may_know(connection: Connection, caller: Caller, node: int | None) -> bool:
    """Return whether a caller may know of the permissions on a node, or of those on everything."""
    if node is None:
        return caller.administers_all
    return bool(_rights(connection, caller, node) & right.READ)


def _may_give(connection: Connection, caller: Caller, node: int | None) -> bool:
    """Return whether a caller may give permissions on a node or, without one, on everything."""
    if node is None:
        return caller.administers_all
    return bool(_rights(connection, caller, node) & right.ADMINISTER)


def _rights(connection: Connection, caller: Caller, node: int) -> int:
    reference, owner = connection.execute(_NODE, {"node": node}).one()
    return rights_on(connection, caller, [reference]).on(node, reference, owner)


def _as_it_is_now(connection: Connection, caller: Caller) -> Caller:
    """Return the caller with the current administer-all, as this transaction has left it."""
    if not caller.administers_all or caller.user_identifier is None:
        return caller
    given = {"type": ADMINISTER_ALL, "groups": list(caller.groups)}
    return replace(caller, administers_all=bool(connection.execute(_ADMINISTERS_ALL, given).scalar_one()))


def _reference(connection: Connection, node: int | None) -> str | None:
    return None if node is None else str(connection.execute(_NODE, {"node": node}).one().node_reference)
