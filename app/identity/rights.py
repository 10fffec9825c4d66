"""The rights of callers on nodes.

Groups hold permissions on nodes, for all versions at once. A `package-X` permission on a node gives `X` on that node
and on all its content. Rights are sets of bits, because a plan asks for rights hundreds of thousands of times.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy import Connection

from app.database.engine import driver_connection
from app.errors import PermissionNeededError
from app.identity.right import (
    ADMINISTER_ALL,
    ADMINISTER_SOLUTIONS,
    EVERYTHING,
    NODE_PERMISSIONS,
    NONE,
    ON_SYSTEM_NODES,
    PACKAGE_PERMISSIONS,
)
from app.references import package_of, packages_above
from app.system_nodes import LAST_SYSTEM_IDENTIFIER

_FEW = 2000
MOST_KNOWN: Final = 1000
"""Up to this many permissions of a caller are read in advance. With more, those on the nodes in question are read."""


class Grant(NamedTuple):
    """A permission on a node."""

    permission_type: str
    node_identifier: int
    node_reference: str


@dataclass(frozen=True)
class Caller:
    """The sender of a request: a user, or an anonymous caller (`user_identifier` None) with the rights of `public`.

    `known` holds the rights that all permissions of the groups give, if they were read in this transaction.
    """

    user_identifier: int | None
    groups: tuple[int, ...]
    administers_all: bool = False
    administers_solutions: bool = False
    known: Rights | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Add the right to administer solutions, which `administer-all` implies."""
        if self.administers_all:
            object.__setattr__(self, "administers_solutions", True)

    @property
    def is_signed_in(self) -> bool:
        """Whether the caller is a user, or an administration command, which may do everything."""
        return self.user_identifier is not None or self.administers_all

    @property
    def groups_with_permissions(self) -> list[int]:
        """The groups whose permissions on nodes matter: none for a caller who may do everything."""
        return [] if self.administers_all else list(self.groups)

    def knowing(self, permissions: Sequence[Grant]) -> Caller:
        """Return the caller with the rights by these permissions, unless there are more than `MOST_KNOWN`."""
        if len(permissions) > MOST_KNOWN:
            return self
        rights = Rights(self)
        for permission in sorted(permissions, key=lambda permission: permission.node_reference):
            rights.add(*permission)
        return replace(self, known=rights)


OPERATOR: Final = Caller(None, (), administers_all=True)
"""The caller of administration commands, which work on the database directly."""


def may_administer_solutions(caller: Caller) -> bool:
    """Return whether the caller administers solutions."""
    return caller.administers_solutions


def require_solutions(caller: Caller) -> None:
    """Raise NotAuthorisedError (101) unless the caller administers solutions."""
    if not may_administer_solutions(caller):
        raise PermissionNeededError("not authorised to administer solutions", ADMINISTER_SOLUTIONS)


def require_administrator(caller: Caller, what: str) -> None:
    """Raise NotAuthorisedError (101) unless the caller has administer-all. `what` says what it is needed for."""
    if not caller.administers_all:
        raise PermissionNeededError(f"not authorised {what}", ADMINISTER_ALL)


@dataclass
class Rights:
    """The rights of one caller on the nodes for which they were read."""

    caller: Caller
    direct: dict[int, int] = field(default_factory=dict)
    packages: dict[str, int] = field(default_factory=dict)

    def on(self, node_identifier: int, node_reference: str, owner_identifier: int | None) -> int:
        """Return the rights on one node; its owner administers it."""
        if self.caller.administers_all or (
            owner_identifier is not None and owner_identifier == self.caller.user_identifier
        ):
            rights = EVERYTHING
        else:
            rights = self.direct.get(node_identifier, NONE) | self._by_package(node_reference)
        return rights & ON_SYSTEM_NODES if node_identifier <= LAST_SYSTEM_IDENTIFIER else rights

    def _by_package(self, reference: str) -> int:
        """Return the rights that package permissions give on this node and on all packages above it."""
        known = self.packages.get(reference)
        if known is None:
            package = package_of(reference)
            known = self._remembered(package) if package else NONE
        return known

    def _remembered(self, package: str) -> int:
        """Return `_by_package` of a package, and remember it: many nodes ask for the same package."""
        rights = self.packages[package] = self._by_package(package)
        return rights

    def add(self, permission_type: str, node_identifier: int, node_reference: str) -> None:
        """Add one permission. Permissions on packages must be added before those on their content."""
        if permission_type in NODE_PERMISSIONS:
            given = NODE_PERMISSIONS[permission_type]
            self.direct[node_identifier] = self.direct.get(node_identifier, NONE) | given
        elif permission_type in PACKAGE_PERMISSIONS:
            given = PACKAGE_PERMISSIONS[permission_type]
            self.packages[node_reference] = self._by_package(node_reference) | given


def rights_on(connection: Connection, caller: Caller, node_references: Iterable[str]) -> Rights:
    """Read the rights of a caller on the nodes with these references, unless they are known."""
    return read_rights(driver_connection(connection), caller, node_references)


def read_rights(driver: psycopg.Connection[TupleRow], caller: Caller, node_references: Iterable[str]) -> Rights:
    """Read the rights of a caller on the nodes with these references, unless they are known."""
    if caller.known is not None:
        return caller.known
    rights = Rights(caller)
    if caller.administers_all:
        return rights
    wanted = set(node_references)
    wanted.update([package for reference in list(wanted) for package in packages_above(reference)])
    few = list(wanted) if len(wanted) <= _FEW else None
    for row in driver.execute(_PERMISSIONS, {"groups": list(caller.groups), "wanted": few}):
        rights.add(*row)
    return rights


_PERMISSIONS: Final = """
    SELECT p.permission_type, n.node_identifier, n.node_reference
    FROM permission p JOIN node n USING (node_identifier)
    WHERE p.user_group_identifier = ANY (%(groups)s::bigint[])
      AND (%(wanted)s::text[] IS NULL OR n.node_reference = ANY (%(wanted)s::text[]))
    ORDER BY n.node_reference
"""
