"""Finding the versions that a request links to, all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, text

from app.errors import NotAuthorisedError, UserError, absence, missing, unresolved
from app.identity import right
from app.identity.rights import Caller, rights_on
from app.nodes.versions import Node, lacks_version
from app.references import (
    InvalidReferenceError,
    VersionKey,
    VersionKeyword,
    parse_version_reference,
    split_version_identifier,
)

_NODES = text("""
    SELECT node_identifier, node_reference, owner_identifier, frozen_version_number, latest_version_number, edition
    FROM node WHERE node_identifier = ANY (CAST(:identifiers AS bigint[])) OR node_reference = ANY (:references)
""")


@dataclass(frozen=True)
class NamedVersion:
    """A version as a request names it: by identifier, which takes precedence, or by reference."""

    identifier: int | None = None
    reference: str | None = None

    @property
    def given(self) -> bool:
        """Whether the request names a version at all."""
        return bool(self.identifier or self.reference)


class FoundVersion(NamedTuple):
    """A version that the caller may see."""

    node: Node
    number: int

    @property
    def key(self) -> VersionKey:
        """The version as links have it."""
        return self.node.identifier, self.number


def resolve(
    connection: Connection, caller: Caller, wanted: Sequence[NamedVersion]
) -> dict[NamedVersion, FoundVersion | str]:
    """Find versions. The result for a name that is malformed or not found is the reason, in words.

    What the caller may not read is not found, like what does not exist.
    """
    parsed: dict[NamedVersion, tuple[int | str, int | VersionKeyword]] = {}
    results: dict[NamedVersion, FoundVersion | str] = {}
    for each in wanted:
        try:
            parsed[each] = _parsed(each)
        except InvalidReferenceError as error:
            results[each] = str(error)
    keys = {key for key, _ in parsed.values()}
    nodes = _read(connection, caller, keys)
    for each, (key, version) in parsed.items():
        node = nodes.get(key)
        shown = each.identifier or each.reference
        if node is None or not node.may(right.READ):
            results[each] = absence(shown)
            continue
        number = node.number(version)
        results[each] = absence(shown, lacks_version(node.reference)) if number is None else FoundVersion(node, number)
    return results


def resolve_type(connection: Connection, caller: Caller, wanted: NamedVersion, field: str) -> FoundVersion:
    """Find the version that a node shall have as its type.

    Raises UserError (105) about the field if it is missing or not found, and NotAuthorisedError (101) if the caller may
    not use it as a type.
    """
    if not wanted.given:
        raise UserError(missing(field))
    found = resolve(connection, caller, [wanted])[wanted]
    if isinstance(found, str):
        raise UserError(unresolved(field, found))
    if not found.node.may(right.USE_TYPE):
        raise NotAuthorisedError(f"not authorised to use {found.node.reference} as a type")
    return found


def _parsed(wanted: NamedVersion) -> tuple[int | str, int | VersionKeyword]:
    """Return the identifier or the reference of a node, and which version of it is meant."""
    if wanted.identifier:
        return split_version_identifier(wanted.identifier)
    reference = parse_version_reference(wanted.reference or "")
    return reference.node_reference, reference.version


def _read(connection: Connection, caller: Caller, keys: set[int | str]) -> dict[int | str, Node]:
    parameters = {
        "identifiers": [key for key in keys if isinstance(key, int)],
        "references": [key for key in keys if isinstance(key, str)],
    }
    rows = connection.execute(_NODES, parameters).all() if keys else []
    rights = rights_on(connection, caller, [row.node_reference for row in rows])
    nodes: dict[int | str, Node] = {}
    for row in rows:
        node = Node(row[0], row[1], row[2], row[3], row[4], row[5], rights.on(row[0], row[1], row[2]))
        nodes[node.identifier] = nodes[node.reference] = node
    return nodes
