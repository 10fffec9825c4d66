"""What a user may do with a node, and through which permissions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.errors import NotAuthorisedError, UserError, missing, no_such
from app.identity import right
from app.identity.present_rights import read_again
from app.identity.right import ADMINISTER_ALL, NODE_PERMISSIONS, PACKAGE_PERMISSIONS
from app.identity.rights import Caller, require_administrator, rights_on
from app.nodes.versions import Node, find_node
from app.references import packages_above

NAMES: Final = {
    right.READ: "read",
    right.LINK: "link to it",
    right.USE_TYPE: "use it as a type",
    right.USE_DRAFT: "use its draft",
    right.UPDATE: "update it",
    right.EXECUTE: "execute it",
    right.ADMINISTER: "administer it",
    right.USE: "create nodes in it",
}
"""The rights in words."""

PERMISSIONS: Final = {
    right.READ: "node-read",
    right.LINK: "node-link",
    right.USE_TYPE: "node-use-type",
    right.USE_DRAFT: "node-use-draft",
    right.UPDATE: "node-update",
    right.EXECUTE: "node-execute",
    right.ADMINISTER: "node-administer",
    right.USE: "package-use",
}
"""The rights by the permission that gives them at least."""

_REASONS = text(sql_file("app.nodes", "permissions_on_node"))
_USER = text("""
    SELECT user_identifier, user_logon_reference, enabled FROM account
    WHERE user_logon_reference = CAST(:logon AS text)
       OR CAST(:logon AS text) IS NULL AND user_identifier = CAST(:own AS bigint)
""")

_LOGON = "user_logon_reference_details"


@dataclass(frozen=True)
class RightSource:
    """A permission that gives rights on the node: its type, the group that holds it, and the node that it is on."""

    identifier: int
    permission_type: str
    group: str
    on: str | None

    @property
    def rights(self) -> int:
        """The rights that the permission gives."""
        if self.permission_type == ADMINISTER_ALL:
            return right.EVERYTHING
        return {**NODE_PERMISSIONS, **PACKAGE_PERMISSIONS}.get(self.permission_type, right.NONE)


@dataclass(frozen=True)
class Explanation:
    """The rights of a user on a node, and why the user has them."""

    logon: str
    is_enabled: bool
    node: Node
    rights: int = right.NONE
    is_owner: bool = False
    reasons: tuple[RightSource, ...] = ()

    @property
    def names(self) -> list[str]:
        """The rights in words."""
        return words(self.rights)

    def given_by(self, reason: RightSource) -> list[str]:
        """Return the rights that a permission gives on the node, in words: on a node of the system package, fewer."""
        return words(reason.rights & self.rights)

    def permissions(self) -> list[tuple[str, list[RightSource]]]:
        """Return each permission that the user has in effect, with the permissions that it comes from."""
        return [
            (name, [reason for reason in self.reasons if reason.rights & bit])
            for bit, name in PERMISSIONS.items()
            if self.rights & bit
        ]


def words(rights: int) -> list[str]:
    """Return rights in words."""
    return [name for bit, name in NAMES.items() if rights & bit]


def explain(
    connection: Connection,
    caller: Caller,
    logon: str | None,
    node_identifier: int | None,
    node_reference: str | None,
) -> Explanation:
    """Return what a user may do with a node; without a logon reference, what the caller may do. A disabled user may do
    nothing.

    Raises NotAuthorisedError (101) if it is another user and the caller does not have administer-all, the errors of
    `find_node` about `node`, and UserError (105) about `user_logon_reference_details`.
    """
    if not caller.is_signed_in:
        raise NotAuthorisedError("sign in to see what you may do")
    user = connection.execute(_USER, {"logon": logon or None, "own": caller.user_identifier}).one_or_none()
    if user is None or user.user_identifier != caller.user_identifier:
        require_administrator(caller, "to see the rights of others")
    node = find_node(connection, caller, node_identifier, node_reference, "node")
    if user is None:
        raise UserError(no_such(_LOGON, "user", logon) if logon else missing(_LOGON))
    if not user.enabled:
        return Explanation(user.user_logon_reference, is_enabled=False, node=node)
    of_user = read_again(connection, Caller(user.user_identifier, ()))
    owner = node.owner
    rights = rights_on(connection, of_user, [node.reference]).on(node.identifier, node.reference, owner)
    given = {
        "groups": list(of_user.groups),
        "reference": node.reference,
        "packages": list(packages_above(node.reference)),
        "package_permissions": list(PACKAGE_PERMISSIONS),
        "administer_all": ADMINISTER_ALL,
    }
    reasons = tuple(RightSource(*row) for row in connection.execute(_REASONS, given))
    is_owner = owner == user.user_identifier
    return Explanation(user.user_logon_reference, True, node, rights, is_owner, reasons)
