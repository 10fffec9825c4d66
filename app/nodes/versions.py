"""Find nodes and versions, and resolve `$latest`, `$current`, `$draft` and `$best`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

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

Parsed = TypeVar("Parsed")


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


@dataclass(frozen=True)
class WantedNode:
    """A node as a request names it, by identifier or by reference; `field` and `shown` are for messages."""

    field: str
    shown: str
    identifier: int | None = None
    reference: str | None = None

    def missing(self, caller: Caller) -> UserError | NotAuthorisedError:
        """Return the error for a node that does not exist, which a caller without credentials cannot tell."""
        if not caller.is_signed_in:
            return sign_in_to_read(self.shown)
        return UserError(not_found(self.field, self.shown))

    def unreadable(self, caller: Caller) -> NotAuthorisedError:
        """Return the error for a node that the caller may not read."""
        if not caller.is_signed_in:
            return sign_in_to_read(self.shown)
        return NotAuthorisedError(f"not authorised to read {self.shown}")


def wanted_node(identifier: int | None, reference: str | None, field: str) -> WantedNode:
    """Return the node that a request names by identifier or, without one, by reference; `field` is the prefix of both.

    Raises UserError (105) if the reference is missing or invalid.
    """
    if identifier:
        return WantedNode(f"{field}_identifier", str(identifier), identifier=identifier)
    checked = parsed_node_reference(reference, f"{field}_reference")
    return WantedNode(f"{field}_reference", checked, reference=checked)


@dataclass(frozen=True)
class WantedVersion:
    """A version as a request names it."""

    node: WantedNode
    version: int | VersionKeyword

    def number_in(self, node: Node) -> int:
        """Return the number of the version. Raises UserError (105) if the caller may use no such version."""
        number = node.number(self.version)
        if number is None:
            raise UserError(not_found(self.node.field, self.node.shown, lacks_version(node.reference)))
        return number


def wanted_version(identifier: int | None, reference: str | None, field: str) -> WantedVersion:
    """Return the version that a request names by identifier or, without one, by reference; `field` is the suffix of
    both. Raises UserError (105) if the reference is missing or invalid."""
    if identifier:
        node, number = split_version_identifier(identifier)
        return WantedVersion(WantedNode(f"node_version_identifier{field}", str(identifier), identifier=node), number)
    name = f"node_version_reference{field}"
    parsed = parsed_version_reference(reference, name)
    return WantedVersion(WantedNode(name, str(reference), reference=parsed.node_reference), parsed.version)


def find_node(
    connection: Connection, caller: Caller, identifier: int | None, reference: str | None, field: str
) -> Node:
    """Return the node named by identifier or, without one, by reference; `field` is the prefix of both in faults.

    Raises UserError (105) if there is no such node and NotAuthorisedError (101) if the caller may not read it. A caller
    without credentials gets 101 in both cases.
    """
    wanted = wanted_node(identifier, reference, field)
    return readable(wanted, caller, _node(connection, caller, wanted.identifier, wanted.reference))


def readable(wanted: WantedNode, caller: Caller, node: Node | None) -> Node:
    """Return the node if it exists and the caller may read it; otherwise raise the error."""
    if node is None:
        raise wanted.missing(caller)
    if not node.may(right.READ):
        raise wanted.unreadable(caller)
    return node


def find_version(
    connection: Connection, caller: Caller, identifier: int | None, reference: str | None, field: str = ""
) -> Version:
    """Return the version named by identifier or, without one, by reference; `field` is the suffix of both in faults.

    Raises UserError (105) if there is no such node or version and NotAuthorisedError (101) if the caller may not read
    the node. A caller without credentials gets 101 for a node in both cases.
    """
    wanted = wanted_version(identifier, reference, field)
    node = readable(wanted.node, caller, _node(connection, caller, wanted.node.identifier, wanted.node.reference))
    number = wanted.number_in(node)
    return Version(node, number, version_name(connection, node.identifier, number))


def find_source(connection: Connection, caller: Caller, reference: str, field: str) -> tuple[Node, int | None]:
    """Return the source of an update: a node, or a version. Raises UserError (105) if the caller may not read it."""
    wanted = parsed_version_reference(reference, field)
    return readable_source(_node(connection, caller, None, wanted.node_reference), wanted, reference, field)


def readable_source(node: Node | None, wanted: VersionReference, reference: str, field: str) -> tuple[Node, int | None]:
    """Return the source of an update if it exists and the caller may read it; otherwise raise UserError (105)."""
    if node is None or not node.may(right.READ):
        raise UserError(not_found(field, reference))
    return node, node.number(wanted.version)


def parsed_node_reference(reference: str | None, field: str) -> str:
    """Return a node reference. Raises UserError about the field if it is missing or invalid."""
    return _parsed(reference, field, check_node_reference)


def parsed_version_reference(reference: str | None, field: str) -> VersionReference:
    """Parse a version reference. Raises UserError about the field if it is missing or invalid."""
    return _parsed(reference, field, parse_version_reference)


def node_by_reference(connection: Connection, caller: Caller, reference: str) -> Node | None:
    """Return the node with a reference, whether or not the caller may read it; None if it does not exist."""
    return _node(connection, caller, None, reference)


def lacks_version(reference: str) -> str:
    """Return why a version is not found of the node with this reference."""
    return f"{reference} has no such version that you may use"


def version_name(connection: Connection, node_identifier: int, number: int) -> str:
    """Return the name of the node in a version."""
    query = text("SELECT node_name FROM node_version WHERE node_identifier = :node AND version_number = :number")
    return str(connection.execute(query, {"node": node_identifier, "number": number}).scalar_one())


def sign_in_to_read(shown: str) -> NotAuthorisedError:
    """Return the error for a caller without credentials, who cannot tell a missing node from one they may not read."""
    return NotAuthorisedError(f"not authorised to read {shown}: sign in")


def _parsed(reference: str | None, field: str, parse: Callable[[str], Parsed]) -> Parsed:
    if not reference:
        raise UserError(missing(field))
    try:
        return parse(reference)
    except InvalidReferenceError as error:
        raise UserError(invalid(field, str(error))) from None


def _node(connection: Connection, caller: Caller, identifier: int | None, reference: str | None) -> Node | None:
    parameters = {"identifier": identifier, "reference": reference}
    row = connection.execute(_NODE, parameters).one_or_none()
    if row is None:
        return None
    rights = rights_on(connection, caller, [row.node_reference]).on(row[0], row[1], row[2])
    return Node(row[0], row[1], row[2], row[3], row[4], row[5], rights)


_NODE = text("""
    SELECT node_identifier, node_reference, owner_identifier, frozen_version_number, latest_version_number, edition
    FROM node WHERE node_identifier = CAST(:identifier AS bigint) OR node_reference = CAST(:reference AS text)
""")
