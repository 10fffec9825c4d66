"""The versions of a node: who created, amended and froze each version, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.identity import right
from app.identity.rights import Caller, rights_on
from app.nodes.linked import Linked, linked
from app.nodes.versions import Node

_VERSIONS = text(sql_file("app.nodes", "version_history"))


@dataclass(frozen=True)
class Person:
    """A user who created, amended or froze a version."""

    identifier: int
    logon_reference: str
    name: str


@dataclass(frozen=True)
class VersionRecord:
    """A version of a node.

    The name, the comment and the type of a draft that the caller may not use are None. A type that the caller may not
    read is None too. Who froze a version is known if a request has frozen its draft, and as long as the audit keeps it.
    """

    number: int
    name: str | None
    comment: str | None
    type: Linked | None
    created_by: Person | None
    created_at: datetime
    amended_by: Person | None
    amended_at: datetime
    frozen_by: Person | None = None
    frozen_at: datetime | None = None


def read_history(connection: Connection, caller: Caller, node: Node, *, before: int, limit: int) -> list[VersionRecord]:
    """Read the versions of a node that the caller may read, newest first, with numbers below `before`.

    A draft is listed even if the caller may not use it, as the documents promise, but without its content.
    """
    values = {"node": node.identifier, "before": before, "limit": limit}
    rows = connection.execute(_VERSIONS, values).all()
    rights = rights_on(connection, caller, {row.node_reference for row in rows})
    found = []
    for row in rows:
        created, amended, frozen = _person(row[11:14]), _person(row[14:17]), _person(row[17:20])
        record = VersionRecord(row[0], None, None, None, created, row[3], amended, row[4], frozen, row[20])
        if _may_see(node, record.number):
            record = replace(record, name=row[1], comment=row[2], type=linked(rights, *row[5:11]))
        found.append(record)
    return found


def _may_see(node: Node, number: int) -> bool:
    return number <= node.frozen or node.may(right.USE_DRAFT)


def _person(columns: Sequence[Any]) -> Person | None:
    return None if columns[0] is None else Person(*columns)
