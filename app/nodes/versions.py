"""Find nodes and versions, and resolve `$latest`, `$current`, `$draft` and `$best`."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.errors import NotAuthorisedError, UserError, invalid, missing, not_found
from app.identity import right
from app.identity.rights import Caller, rights_on
from app.references import (
    InvalidReferenceError,
    VersionKeyword,
    VersionReference,
    check_node_reference,
    parse_version_reference,
    split_version_identifier,
)


@dataclass(frozen=True)
class Node:
    """The record of a node, with the rights of the caller on it."""

    identifier: int
    reference: str
    owner: int | None
    frozen: int
    latest: int
    edition: int
    rights: int

    @property
    def draft(self) -> int | None:
        """The number of the draft, whether or not the caller may use it; None if there is no draft."""
        return self.latest if self.latest > self.frozen else None

    def may(self, wanted: int) -> bool:
        """Return whether the caller has a right on this node."""
        return bool(self.rights & wanted)

    def number(self, version: int | VersionKeyword) -> int | None:
        """Return the version number that a number or keyword means to the caller; None if there is no such version.

        A draft that the caller may not use does not exist for the caller.
        """
        usable_draft = self.draft if self.may(right.USE_DRAFT) else None
        current = self.frozen or None
        match version:
            case VersionKeyword.LATEST:
                return usable_draft or current
            case VersionKeyword.CURRENT:
                return current
            case VersionKeyword.DRAFT:
                return usable_draft
            case VersionKeyword.BEST:
                return current or usable_draft
            case int():
                return version if 1 <= version <= self.frozen or version == usable_draft else None


@dataclass(frozen=True)
class Version:
    """A version of a node that the caller may see."""

    node: Node
    number: int
    name: str


def find_node(
    connection: Connection, caller: Caller, identifier: int | None, reference: str | None, field: str
) -> Node:
    """Return the node named by identifier or, without one, by reference; `field` is the prefix of both in faults.

    Raises UserError (105) if there is no such node and NotAuthorisedError (101) if the caller may not read it. A caller
    without credentials gets 101 in both cases.
    """
    if identifier:
        field_name, shown = f"{field}_identifier", str(identifier)
        node = _node(connection, caller, "node_identifier", identifier)
    else:
        field_name, shown = f"{field}_reference", _checked(reference, f"{field}_reference")
        node = _node(connection, caller, "node_reference", shown)
    return _readable(caller, node, field_name, shown)


def find_version(
    connection: Connection, caller: Caller, identifier: int | None, reference: str | None, field: str = ""
) -> Version:
    """Return the version named by identifier or, without one, by reference; `field` is the suffix of both in faults.

    Raises UserError (105) if there is no such node or version and NotAuthorisedError (101) if the caller may not read
    the node. A caller without credentials gets 101 for a node in both cases.
    """
    field_name = f"node_version_identifier{field}" if identifier else f"node_version_reference{field}"
    wanted: VersionReference | None = None
    if identifier:
        node_identifier, number = split_version_identifier(identifier)
        node = _node(connection, caller, "node_identifier", node_identifier)
        version: int | VersionKeyword = number
    else:
        wanted = parse_wanted(reference, field_name)
        node = _node(connection, caller, "node_reference", wanted.node_reference)
        version = wanted.version
    shown = str(reference if wanted is not None else identifier)
    node = _readable(caller, node, field_name, shown)
    number_found = node.number(version)
    if number_found is None:
        raise UserError(
            not_found(field_name, f"{shown} is not found: {node.reference} has no such version that you may use")
        )
    return Version(node, number_found, version_name(connection, node.identifier, number_found))


def find_source(connection: Connection, caller: Caller, reference: str, field: str) -> tuple[Node, int | None]:
    """Return the source of an update: a node, or a version. Raises UserError (105) if the caller may not read it."""
    wanted = parse_wanted(reference, field)
    node = _node(connection, caller, "node_reference", wanted.node_reference)
    if node is None or not node.may(right.READ):
        raise UserError(not_found(field, f"{reference} is not found"))
    return node, node.number(wanted.version)


def parse_wanted(reference: str | None, field: str) -> VersionReference:
    """Parse a version reference. Raises UserError about the field if it is missing or invalid."""
    if not reference:
        raise UserError(missing(field))
    try:
        return parse_version_reference(reference)
    except InvalidReferenceError as error:
        raise UserError(invalid(field, str(error))) from None


def node_by_reference(connection: Connection, caller: Caller, reference: str) -> Node | None:
    """Return the node with a reference, whether or not the caller may read it; None if it does not exist."""
    return _node(connection, caller, "node_reference", reference)


def version_name(connection: Connection, node_identifier: int, number: int) -> str:
    """Return the name of the node in a version."""
    query = text("SELECT node_name FROM node_version WHERE node_identifier = :node AND version_number = :number")
    return str(connection.execute(query, {"node": node_identifier, "number": number}).scalar_one())


def sign_in_to_read(shown: str) -> NotAuthorisedError:
    """Return the error for a caller without credentials, who cannot tell a missing node from one they may not read."""
    return NotAuthorisedError(f"not authorised to read {shown}: sign in")


def _readable(caller: Caller, node: Node | None, field: str, shown: str) -> Node:
    """Return the node if it exists and the caller may read it; otherwise raise the error."""
    if node is not None and node.may(right.READ):
        return node
    if not caller.is_signed_in:
        raise sign_in_to_read(shown)
    if node is None:
        raise UserError(not_found(field, f"{shown} is not found"))
    raise NotAuthorisedError(f"not authorised to read {shown}")


def _checked(reference: str | None, field: str) -> str:
    if not reference:
        raise UserError(missing(field))
    try:
        return check_node_reference(reference)
    except InvalidReferenceError as error:
        raise UserError(invalid(field, str(error))) from None


def _node(connection: Connection, caller: Caller, column: str, key: int | str) -> Node | None:
    query = _BY_IDENTIFIER if column == "node_identifier" else _BY_REFERENCE
    row = connection.execute(query, {"key": key}).one_or_none()
    if row is None:
        return None
    rights = rights_on(connection, caller, [row.node_reference]).on(row[0], row[1], row[2])
    return Node(row[0], row[1], row[2], row[3], row[4], row[5], rights)


_COLUMNS = """
    SELECT node_identifier, node_reference, owner_identifier, frozen_version_number, latest_version_number, edition
    FROM node
"""
_BY_IDENTIFIER = text(_COLUMNS + "WHERE node_identifier = :key")
_BY_REFERENCE = text(_COLUMNS + "WHERE node_reference = :key")
