"""Finds the versions that link to a version, directly or through others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.database.engine import driver_connection
from app.database.sql_files import sql_file
from app.identity.rights import Caller
from app.nodes.lookup import read_named
from app.nodes.versions import Version
from app.nodes.visibility import Visibility, read_visibility
from app.references import VersionKey

_USERS = sql_file("app.nodes", "where_used")
_IN_RANGE = sql_file("app.nodes", "where_used_in_range")
# Constants tell the planner of PostgreSQL how many versions link to a node.
_ONE_USED = "(SELECT CAST(:nodes AS bigint) AS node_identifier, CAST(:numbers AS integer) AS version_number) AS used"
_MANY_USED = "unnest(CAST(:nodes AS bigint[]), CAST(:numbers AS integer[])) AS used (node_identifier, version_number)"
_MANY_LINKS = 1000
_LARGEST_NUMBER = 2**31 - 1
_NODES_PER_USE = 10
"""How many nodes for each use of a page the first range has."""
_LAST_OF_RANGE = text("""
    SELECT max(node_identifier) FROM (
      SELECT node_identifier FROM node WHERE node_identifier >= :first ORDER BY 1 LIMIT :count) AS in_range
""")
_HAS_MANY_LINKS = text(sql_file("app.nodes", "has_many_links"))

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
    the caller may not read does not count either.
    """
    # The indexes find all links. With statistics that are out of date, the planner could read the whole table instead.
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    visibility = read_visibility(connection, caller)
    start: VersionKey = (version.node.identifier, version.number)
    seen, frontier = {start}, [start]
    found: list[tuple[int, _Found]] = []
    for distance in range(1, depth + 1):
        place = after[1] if distance == after[0] else (0, 0)
        wanted = limit - len(found)
        if distance == after[0] == 1:
            # On the first level only the version itself is left out, so no more than the page has to be read.
            page = _page(connection, visibility, start, place, wanted + 1)
            found += [(distance, use) for use in page if use[:2] != start][:wanted]
            if len(found) == limit or depth == 1:
                break
        level = [use for use in _users(connection, visibility, frontier, (0, 0), None) if use[:2] not in seen]
        if distance > after[0] or distance == after[0] > 1:
            found += [(distance, use) for use in level if use[:2] > place][:wanted]
        frontier = [use[:2] for use in level]
        seen.update(frontier)
        if not frontier or len(found) == limit:
            break
    return _named(connection, found)


def _page(
    connection: Connection, visibility: Visibility, used: VersionKey, after: VersionKey, limit: int
) -> list[_Found]:
    """Read the first uses of one version after a position, and not many more than these.

    A first range of nodes fills the page if many versions use the version. Otherwise an index finds the few links, or
    one range after the other is read; the ranges grow, so that a use that only few nodes of the store have is found in
    a few statements too.
    """
    found: list[_Found] = []
    first, count = after[0], _NODES_PER_USE * limit
    has_many: bool | None = None
    while len(found) < limit:
        last = connection.execute(_LAST_OF_RANGE, {"first": first, "count": count}).scalar_one()
        if last is None:
            break
        nodes = {"first_node": first, "last_node": last}
        found += _read(connection, visibility, _IN_RANGE, [used], after, limit - len(found), **nodes)
        if len(found) < limit and has_many is None:
            has_many = _has_many_links(connection, used)
            if not has_many:
                return found + _users(connection, visibility, [used], (last, _LARGEST_NUMBER), limit - len(found))
        first, count = last + 1, 2 * count
    return found


def _has_many_links(connection: Connection, used: VersionKey) -> bool:
    values = {"node": used[0], "number": used[1], "many": _MANY_LINKS}
    return bool(connection.execute(_HAS_MANY_LINKS, values).scalar_one())


def _users(
    connection: Connection, visibility: Visibility, used: Sequence[VersionKey], after: VersionKey, limit: int | None
) -> list[_Found]:
    """Read the uses of any of the given versions, which indexes find."""
    return _read(connection, visibility, _USERS, used, after, limit)


def _read(
    connection: Connection,
    visibility: Visibility,
    query: str,
    used: Sequence[VersionKey],
    after: VersionKey,
    limit: int | None,
    **values: int,
) -> list[_Found]:
    """Read the uses that a query finds after a position."""
    one = len(used) == 1
    statement = query.format(
        used=_ONE_USED if one else _MANY_USED,
        readable=visibility.readable("n"),
        visible_version=visibility.visible_version("n", "u.version_number"),
        readable_member_type=visibility.readable("mt"),
    )
    parameters = {
        "nodes": used[0][0] if one else [node for node, _ in used],
        "numbers": used[0][1] if one else [number for _, number in used],
        "after_node": after[0],
        "after_number": after[1],
        "limit": limit,
        **values,
        **visibility.parameters,
    }
    rows = connection.execute(text(statement), parameters)
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def _named(connection: Connection, found: list[tuple[int, _Found]]) -> list[Use]:
    names = read_named(driver_connection(connection), [use[:2] for _, use in found])
    return [
        Use(use[:2], f"{names[use[:2]].reference}.{use[1]}", names[use[:2]].name, distance, *use[2:])
        for distance, use in found
    ]
