"""The content of one version, with the names of the versions that it links to, as far as the caller may read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.identity.rights import Caller, rights_on
from app.nodes.linked import Linked, linked
from app.nodes.versions import Version
from app.system_nodes import MEMBER_TYPE_LIST

_VERSION = text("""
    SELECT v.node_version_comment, t.node_identifier, t.node_reference, t.owner_identifier,
           v.type_version_number, tv.node_name, t.frozen_version_number
    FROM node_version v
    JOIN node t ON t.node_identifier = v.type_node_identifier
    JOIN node_version tv
      ON tv.node_identifier = v.type_node_identifier AND tv.version_number = v.type_version_number
    WHERE v.node_identifier = :node AND v.version_number = :number
""")
_MEMBERS = text("""
    WITH listed AS MATERIALIZED (
      SELECT l.target_node_identifier, min(l.sequence) AS position
      FROM node_version v
      JOIN member l ON l.node_identifier = v.type_node_identifier AND l.version_number = v.type_version_number
      WHERE v.node_identifier = :node AND v.version_number = :number
        AND l.member_type_node_identifier = :member_type_list
      GROUP BY l.target_node_identifier
    )
    SELECT mt.node_identifier, mt.node_reference, mt.owner_identifier, m.member_type_version_number,
           mtv.node_name AS member_type_name, mt.frozen_version_number AS member_type_frozen,
           t.node_identifier AS target, t.node_reference AS target_reference, t.owner_identifier AS target_owner,
           m.target_version_number, tv.node_name AS target_name, t.frozen_version_number AS target_frozen,
           m.sequence, m.value, m.scale, m.comment
    FROM member m
    JOIN node mt ON mt.node_identifier = m.member_type_node_identifier
    JOIN node_version mtv
      ON mtv.node_identifier = m.member_type_node_identifier AND mtv.version_number = m.member_type_version_number
    LEFT JOIN node t ON t.node_identifier = m.target_node_identifier
    LEFT JOIN node_version tv
      ON tv.node_identifier = m.target_node_identifier AND tv.version_number = m.target_version_number
    LEFT JOIN listed ON listed.target_node_identifier = m.member_type_node_identifier
    WHERE m.node_identifier = :node AND m.version_number = :number
    ORDER BY listed.position NULLS LAST, mt.node_reference, m.sequence
""")


@dataclass(frozen=True)
class Member:
    """A member as its reader sees it. A link that the reader may not read is None."""

    member_type: Linked | None
    sequence: int
    value: str | None
    scale: float | None
    target: Linked | None
    comment: str | None


@dataclass(frozen=True)
class Content:
    """The comment, type and members of a version. Members are ordered by the type's list, then by sequence."""

    comment: str | None
    type: Linked | None
    members: list[Member]


def read_content(connection: Connection, caller: Caller, version: Version, *, members: bool) -> Content:
    """Read a version that the caller may see. Members whose member type the caller may not read are left out."""
    key = {"node": version.node.identifier, "number": version.number}
    row = connection.execute(_VERSION, key).one()
    rows = connection.execute(_MEMBERS, {**key, "member_type_list": MEMBER_TYPE_LIST}).all() if members else []
    references = {row.node_reference, *_references(rows)}
    rights = rights_on(connection, caller, references)
    found = [
        Member(linked(rights, *m[0:6]), m.sequence, m.value, m.scale, linked(rights, *m[6:12]), m.comment) for m in rows
    ]
    return Content(
        row.node_version_comment,
        linked(rights, *row[1:7]),
        [member for member in found if member.member_type is not None],
    )


def _references(rows: object) -> Iterator[str]:
    for row in rows:  # type: ignore[attr-defined]
        yield row.node_reference
        if row.target_reference is not None:
            yield row.target_reference
