"""Finds the versions that link to a version, directly or through others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from app.database.engine import driver_connection
from app.identity.rights import Caller
from app.nodes.lookup import read_named
from app.nodes.sight import Sight, read_sight
from app.nodes.versions import Version
from app.references import VersionKey

_USERS = (Path(__file__).parent / "where_used.sql").read_text(encoding="utf-8")

UsePlace = tuple[int, VersionKey]
"""The position of a use in the list: its distance, then the version."""

START: UsePlace = (1, (0, 0))


@dataclass(frozen=True)
class Use:
    """A version that links to the version in question, or, at a distance above 1, to another version that does.

    It may use the version as its type, as a member type or as a target, or as several of these.
    """

    version: VersionKey
    reference: str
    name: str
    distance: int
    as_type: bool
    as_member_type: bool
    as_target: bool


_Found = tuple[int, int, bool, bool, bool]


def where_used(
    connection: Connection, caller: Caller, version: Version, *, depth: int, after: UsePlace, limit: int
) -> list[Use]:
    """Read the uses of a version after a position: the nearest first, each version once, at its shortest distance.

    Nodes that the caller may not read do not exist, neither as a use nor on the way to one. A member whose member type
    the caller may not read does not count either, as GetNode leaves it out.
    """
    sight = read_sight(connection, caller)
    start: VersionKey = (version.node.identifier, version.number)
    seen, frontier = {start}, [start]
    found: list[tuple[int, _Found]] = []
    for distance in range(1, depth + 1):
        place = after[1] if distance == after[0] else (0, 0)
        wanted = limit - len(found)
        if distance == after[0] == 1:
            # On the first level only the version itself is left out, so no more than the page has to be read.
            page = _users(connection, sight, frontier, place, wanted + 1)
            found += [(distance, use) for use in page if use[:2] != start][:wanted]
            if len(found) == limit or depth == 1:
                break
        level = [use for use in _users(connection, sight, frontier, (0, 0), None) if use[:2] not in seen]
        if distance > after[0] or distance == after[0] > 1:
            found += [(distance, use) for use in level if use[:2] > place][:wanted]
        frontier = [use[:2] for use in level]
        seen.update(frontier)
        if not frontier or len(found) == limit:
            break
    return _named(connection, found)


def _users(
    connection: Connection, sight: Sight, used: Sequence[VersionKey], after: VersionKey, limit: int | None
) -> list[_Found]:
    query = _USERS.format(
        readable=sight.readable("n"),
        visible_version=sight.visible_version("n", "l.version_number"),
        readable_member_type=sight.readable("mt"),
    )
    values = {
        "nodes": [node for node, _ in used],
        "numbers": [number for _, number in used],
        "after_node": after[0],
        "after_number": after[1],
        "limit": limit,
        **sight.parameters,
    }
    return [(row[0], row[1], row[2], row[3], row[4]) for row in connection.execute(text(query), values)]


def _named(connection: Connection, found: list[tuple[int, _Found]]) -> list[Use]:
    names = read_named(driver_connection(connection), [use[:2] for _, use in found])
    return [
        Use(use[:2], f"{names[use[:2]].reference}.{use[1]}", names[use[:2]].name, distance, *use[2:])
        for distance, use in found
    ]
