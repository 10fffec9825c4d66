"""Reading the members of many versions at once: the lists of types, the rules of member types, and data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import psycopg
from psycopg.rows import TupleRow as Row

from app.database.sql_files import sql_file
from app.nodes.lookup import columns, is_worth_preparing
from app.nodes.members import CheckedMember
from app.nodes.patterns import LONGEST_PATTERN, LONGEST_VALUE
from app.references import VersionKey
from app.system_nodes import RULES

LONGEST: Final = LONGEST_VALUE + 1
"""A value that is cut to so many characters is still too long for a pattern."""


def read_members(
    driver: psycopg.Connection[Row], versions: Sequence[VersionKey]
) -> dict[VersionKey, list[CheckedMember]]:
    """Read the members of versions, in their order. Values are cut where they are too long for a pattern."""
    return _read(driver, "checked_members", versions, {"longest": LONGEST})


def read_rule_members(
    driver: psycopg.Connection[Row], versions: Sequence[VersionKey]
) -> dict[VersionKey, list[CheckedMember]]:
    """Read those members of types and member types that are lists of member types or rules."""
    return _read(driver, "rule_members", versions, {"longest": LONGEST_PATTERN + 1, "rules": list(RULES)})


def _read(
    driver: psycopg.Connection[Row], statement: str, versions: Sequence[VersionKey], others: Mapping[str, object]
) -> dict[VersionKey, list[CheckedMember]]:
    contents: dict[VersionKey, list[CheckedMember]] = {version: [] for version in versions}
    parameters = {**columns(versions), **others}
    rows = driver.execute(sql_file("app.nodes", statement), parameters, prepare=is_worth_preparing(versions))
    for node, number, mt_node, mt_number, place, value, scale, target, target_number in rows:
        link = None if target is None else (target, target_number)
        contents[node, number].append(CheckedMember((mt_node, mt_number), place, value, scale, link))
    return contents
