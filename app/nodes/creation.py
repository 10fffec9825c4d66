"""Creating a node in a package."""

from __future__ import annotations

import re

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from app.errors import FaultPath, NotAuthorisedError, UserError, not_found, taken
from app.identity import right
from app.identity.rights import Caller
from app.nodes.versions import node_by_reference
from app.references import package_of
from app.system_nodes import SYSTEM

_INSERT = text(
    "INSERT INTO node (node_reference, owner_identifier) VALUES (:reference, :owner) RETURNING node_identifier"
)
_TAKEN = text("SELECT node_reference FROM node WHERE node_reference = ANY (:candidates)")
_CANDIDATES = 1000
_LONGEST_LOCAL = 60
_NOT_IN_A_REFERENCE = re.compile(r"[^A-Za-z0-9_]+", re.ASCII)


def create_node(connection: Connection, caller: Caller, reference: str, field: str | FaultPath) -> int:
    """Create a node, which the caller owns, and return its identifier. It has no version yet.

    Raises UserError (105) about the field if the reference is taken.
    """
    try:
        with connection.begin_nested():
            values = {"reference": reference, "owner": caller.user_identifier}
            return int(connection.execute(_INSERT, values).scalar_one())
    except IntegrityError:
        raise UserError(taken(field, f"{reference} is taken")) from None


def check_package(connection: Connection, caller: Caller, reference: str, field: str | FaultPath) -> None:
    """Check that the caller may create a node of this reference.

    Raises UserError (105) about the field if its package is not found, and NotAuthorisedError (101).
    """
    package_reference = package_of(reference)
    if not package_reference:
        if not caller.administers_all:
            raise NotAuthorisedError("not authorised to create a top-level node")
        return
    package = node_by_reference(connection, caller, package_reference)
    if package is None or not package.may(right.READ):
        raise UserError(not_found(field, f"the package {package_reference}"))
    if package.identifier == SYSTEM or not package.may(right.USE):
        raise NotAuthorisedError(f"not authorised to create nodes in {package_reference}")


def free_reference(connection: Connection, package: str, name: str) -> str:
    """Return a reference in a package that no node has: its last part is the name, as far as a reference can hold it,
    and a number if that is taken."""
    words = _NOT_IN_A_REFERENCE.sub("_", name).strip("_")[:_LONGEST_LOCAL] or "Node"
    local = f"_{words}" if words[0].isdigit() else words
    base = f"{package}.{local}" if package else local
    candidates = [base, *(f"{base}_{number}" for number in range(2, _CANDIDATES + 1))]
    in_use = set(connection.execute(_TAKEN, {"candidates": candidates}).scalars())
    return next((each for each in candidates if each not in in_use), base)
