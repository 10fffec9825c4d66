"""What a user may do with a node, and through which permissions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.errors import NotAuthorisedError, UserError, no_such
from app.identity import right
from app.identity.present_rights import read_again
from app.identity.right import ADMINISTER_ALL, NODE_PERMISSIONS, PACKAGE_PERMISSIONS
from app.identity.rights import Caller, rights_on
from app.nodes.versions import find_node
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

_REASONS = text(sql_file("app.nodes", "permissions_on_node"))
_USER = text("SELECT user_identifier, enabled FROM account WHERE user_logon_reference = :logon")


@dataclass(frozen=True)
class RightSource:
    """A permission that gives rights on the node: its type, the group that holds it, and the node that it is on."""

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

    reference: str
    is_enabled: bool
    rights: int
    is_owner: bool
    reasons: list[RightSource]

    @property
    def names(self) -> list[str]:
        """The rights in words."""
        return words(self.rights)


def words(rights: int) -> list[str]:
    """Return rights in words."""
    return [name for bit, name in NAMES.items() if rights & bit]


def explain(connection: Connection, caller: Caller, logon: str, reference: str) -> Explanation:
    """Return what a user may do with a node. A disabled user may do nothing.

    Raises NotAuthorisedError (101) unless the caller has administer-all, and UserError about `node_reference`, which
    names the node, and `user_logon_reference`.
    """
    if not caller.administers_all:
        raise NotAuthorisedError(f"not authorised to see the rights of others: that needs {ADMINISTER_ALL}")
    node = find_node(connection, caller, None, reference, "node")
    user = connection.execute(_USER, {"logon": logon}).one_or_none()
    if user is None:
        raise UserError(no_such("user_logon_reference", "user", logon))
    if not user.enabled:
        return Explanation(node.reference, False, right.NONE, False, [])
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
    reasons = [RightSource(*row) for row in connection.execute(_REASONS, given)]
    return Explanation(node.reference, True, rights, owner == user.user_identifier, reasons)
