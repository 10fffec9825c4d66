"""Reading the members of many versions at once: the lists of types, the rules of member types, and data."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg.rows import TupleRow as Row

from app.database.sql_files import sql_file
from app.nodes.lookup import columns, is_worth_preparing
from app.nodes.members import CheckedMember
from app.references import VersionKey


def read_members(
    driver: psycopg.Connection[Row], versions: Sequence[VersionKey]
) -> dict[VersionKey, list[CheckedMember]]:
    """Read the members of versions, in their order."""
    contents: dict[VersionKey, list[CheckedMember]] = {version: [] for version in versions}
    rows = driver.execute(
        sql_file("app.nodes", "checked_members"), columns(versions), prepare=is_worth_preparing(versions)
    )
    for node, number, mt_node, mt_number, place, value, scale, target, target_number in rows:
        link = None if target is None else (target, target_number)
        contents[node, number].append(CheckedMember((mt_node, mt_number), place, value, scale, link))
    return contents
