"""The content of one version, with the names of the versions that it links to, as far as the caller may read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, Final, NamedTuple

from app.database.connection import DriverConnection, short_statements
from app.database.sql_files import sql_file
from app.identity.rights import MOST_KNOWN, Caller, Grant, Rights, read_rights
from app.nodes.linked import Linked, linked
from app.nodes.versions import Node, Version, WantedVersion, readable, wanted_version
from app.references import VersionKey
from app.system_nodes import MEMBER_TYPE_LIST

LARGE_SECONDS: Final = 60.0
"""The time limit of a statement that reads or writes large members."""


@dataclass(frozen=True)
class VisibleMember:
    """A member as its reader sees it. A link that the reader may not read is None."""

    member_type: Linked | None
    sequence: int
    value: str | None
    scale: float | None
    target: Linked | None
    comment: str | None


@dataclass(frozen=True)
class VisibleContent:
    """The comment, type and members of a version. Members are ordered by the type's list, then by sequence."""

    comment: str | None
    type: Linked | None
    members: list[VisibleMember]


class _Row(NamedTuple):
    """A row of the statement: a node, a version of it with its members as arrays, and the versions that it links to.

    `linked` has node, number, reference, owner, name and frozen number of each version, `listed` the position of each
    member type in the list of the type.
    """

    node: tuple[int, str, int | None, int, int, int]
    number: int
    name: str
    comment: str | None
    type: VersionKey
    is_large: bool
    members: tuple[Sequence[Any] | None, ...]
    linked: list[tuple[int, int, str, int | None, str, int]]
    listed: dict[int, int]
    permissions: list[Grant]


def read_version(
    driver: DriverConnection,
    caller: Caller,
    identifier: int | None,
    reference: str | None,
    field: str = "",
    *,
    members: bool = True,
    before_large: Callable[[], None],
) -> tuple[Version, VisibleContent]:
    """Read a version with its content, with or without members. Raises errors as `find_version` does.

    Members whose member type the caller may not read are left out. Before members of more than a mebibyte, or more than
    ten thousand, are read, `before_large` is called.
    """
    wanted = wanted_version(identifier, reference, field)
    version, content = _read(driver, caller, wanted, members=members, any_size=False)
    if content is not None:
        return version, content
    before_large()
    wanted = replace(wanted, version=version.number)  # so that the members of one version only are read
    driver.is_large = True
    with short_statements(LARGE_SECONDS):
        version, content = _read(driver, caller, wanted, members=members, any_size=True)
    if content is None:
        raise AssertionError("a large version is read where any size is")
    return version, content


def _read(
    driver: DriverConnection,
    caller: Caller,
    wanted: WantedVersion,
    *,
    members: bool,
    any_size: bool,
) -> tuple[Version, VisibleContent | None]:
    """Read a version. Its content is None if its members are too large."""
    parameters = {
        "identifier": wanted.node.identifier,
        "reference": wanted.node.reference,
        "number": wanted.version if isinstance(wanted.version, int) else None,
        "members": members,
        "any_size": any_size,
        "member_type_list": MEMBER_TYPE_LIST,
        "groups": caller.groups_with_permissions,
        "most_permissions": MOST_KNOWN + 1,
    }
    rows = [_row(row) for row in driver.execute(sql_file("app.nodes", "version_content"), parameters, prepare=True)]
    if not rows:
        raise wanted.node.missing(caller)
    caller = caller.knowing(rows[0].permissions)
    rights = read_rights(driver, caller, {rows[0].node[1], *(link[2] for row in rows for link in row.linked)})
    node = readable(wanted.node, caller, Node(*rows[0].node, rights.on(*rows[0].node[:3])))
    number = wanted.number_in(node)
    row = next(row for row in rows if row.number == number)
    return Version(node, number, row.name), None if row.is_large else _content(row, rights)


def _row(row: tuple[Any, ...]) -> _Row:
    listed = dict(row[-2] or ())
    permissions = [Grant(*each) for each in row[-1]]
    return _Row(
        row[:6], row[6], row[7], row[8], (row[9], row[10]), row[11], row[12:20], row[20] or [], listed, permissions
    )


def _content(row: _Row, rights: Rights) -> VisibleContent:
    shown = {
        (node, number): linked(rights, node, reference, owner, number, name, frozen)
        for node, number, reference, owner, name, frozen in row.linked
    }
    references = {link[0]: link[2] for link in row.linked}
    found: list[tuple[tuple[bool, int, str, int], VisibleMember]] = []
    for member_type, member_type_number, sequence, target, target_number, value, scale, comment in _members(row):
        its_type = shown[member_type, member_type_number]
        if its_type is None:
            continue
        position = row.listed.get(member_type)
        place = (position is None, position or 0, references[member_type], sequence)
        its_target = None if target is None else shown[target, target_number]
        found.append((place, VisibleMember(its_type, sequence, value, scale, its_target, comment)))
    found.sort(key=itemgetter(0))
    return VisibleContent(row.comment, shown[row.type], [member for _, member in found])


def _members(row: _Row) -> Iterator[tuple[Any, ...]]:
    """Yield the members one after the other. A field whose array is null is None in all of them."""
    absent = [None] * len(row.members[0] or ())
    return zip(*(absent if array is None else array for array in row.members), strict=True)
