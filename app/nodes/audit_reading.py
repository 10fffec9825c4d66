"""The audit as its readers may see it.

A user with administer-all reads all rows. Any other user reads the rows of what the user did and of what was done to
the user, without what the user may not know: the references of nodes that the user may not read now, the network
addresses of others, and the objects of administration that the user has no right to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, text

from app.errors import NotAuthorisedError
from app.identity import right
from app.identity.actor import ActorKind
from app.identity.audit import Action, AuditFilter, AuditRow, read_audit
from app.identity.rights import Caller, require_administrator, rights_on
from app.references import InvalidReferenceError, parse_version_reference

_LOGON = text("SELECT user_logon_reference FROM account WHERE user_identifier = :user")
_NODES = text("""
    SELECT node_identifier, node_reference, owner_identifier FROM node WHERE node_reference = ANY (:references)
""")
_OF_ACCOUNTS = (None, "user", "group", "network", "service")
"""The kinds of objects whose names their reader knows: accounts, and requests that were refused."""
_OF_SOLUTIONS = ("solution", "instance", "end-user", "authentication")


def read_own_audit(
    connection: Connection, caller: Caller, wanted: AuditFilter, *, before: int | None = None, limit: int = 100
) -> list[AuditRow]:
    """Read rows of the audit, newest first, as a caller may see them.

    Without administer-all, the rows are those about the caller. Raises NotAuthorisedError (101) if the filter names
    another user, and UserError (105) as `read_audit` does.
    """
    if caller.administers_all:
        return read_audit(connection, wanted, before=before, limit=limit)
    if caller.user_identifier is None:
        raise NotAuthorisedError("sign in to read the audit")
    own = str(connection.execute(_LOGON, {"user": caller.user_identifier}).scalar_one())
    if wanted.user not in (None, own):
        require_administrator(caller, "to read the audit of others")
    rows = read_audit(connection, replace(wanted, user=own), before=before, limit=limit)
    readable = _readable(connection, caller, rows)
    return [_as_seen(caller, own, row, readable) for row in rows]


def _as_seen(caller: Caller, own: str, row: AuditRow, readable: set[str]) -> AuditRow:
    """Return a row without what the caller may not know."""
    is_own = row.actor_kind == ActorKind.USER and row.actor == own
    address = row.address if is_own or row.actor_kind == ActorKind.PUBLIC else None
    if _may_know_object(caller, row, readable):
        known = {
            name: value
            for name, value in row.details.items()
            if (node := _node_in(row, name, value)) is None or node in readable
        }
        return replace(row, address=address, details=known)
    return replace(row, address=address, object_name=None, details={})


def _may_know_object(caller: Caller, row: AuditRow, readable: set[str]) -> bool:
    if row.object_kind in _OF_SOLUTIONS:
        return caller.administers_solutions
    return row.object_kind in _OF_ACCOUNTS or (row.object_kind == "node" and row.object_name in readable)


def _readable(connection: Connection, caller: Caller, rows: Sequence[AuditRow]) -> set[str]:
    """Return the references of the nodes that the rows name and the caller may read."""
    nodes = connection.execute(_NODES, {"references": sorted({each for row in rows for each in _nodes_in(row)})}).all()
    rights = rights_on(connection, caller, [node.node_reference for node in nodes])
    return {reference for identifier, reference, owner in nodes if rights.on(identifier, reference, owner) & right.READ}


def _nodes_in(row: AuditRow) -> Iterator[str]:
    if row.object_kind == "node" and row.object_name is not None:
        yield row.object_name
    for name, value in row.details.items():
        node = _node_in(row, name, value)
        if node is not None:
            yield node


_NODE_DETAILS: Mapping[str, tuple[str, ...]] = {
    Action.PERMISSION_CREATED: ("on",),
    Action.PERMISSION_DELETED: ("on",),
    Action.NODE_TYPE_CHANGED: ("type",),
    Action.NODE_FROZEN: ("with",),
}
"""The details that name a node or a version, by the action."""


def _node_in(row: AuditRow, name: str, value: object) -> str | None:
    """Return the reference of the node that a detail names, or None if it names no node."""
    if name not in _NODE_DETAILS.get(row.action, ()) or not isinstance(value, str):
        return None
    try:
        return parse_version_reference(value).node_reference
    except InvalidReferenceError:
        return value
