"""Reading the members of many versions at once: the lists of types, the rules of member types, and data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import psycopg
from psycopg.rows import TupleRow as Row

from app.database.sql_files import sql_file
from app.nodes.lookup import columns, is_worth_preparing
from app.nodes.members import CheckedMember, LongValue
from app.nodes.patterns import LONGEST_PATTERN
from app.references import VersionKey
from app.system_nodes import MEMBER_TYPE_LIST, RULES, TARGET_TYPE_LIST

SHORT: Final = 100
"""The most characters of a value that is read together with its member."""


def read_members(
    driver: psycopg.Connection[Row], versions: Sequence[VersionKey], *, with_values: bool = True
) -> dict[VersionKey, list[CheckedMember]]:
    """Read the members of versions, in their order. A long value is a `LongValue`.

    Without values, each value is empty. A member without a value has None in both cases.
    """
    return _read(driver, "checked_members", versions, {"longest": SHORT + 1 if with_values else 0})


def read_rule_members(
    driver: psycopg.Connection[Row], versions: Sequence[VersionKey]
) -> dict[VersionKey, list[CheckedMember]]:
    """Read those members of types and member types that are lists of member types or rules.

    If a rule has several values, only the first counts and is read.
    """
    others = {"longest": LONGEST_PATTERN + 1, "rules": list(RULES), "lists": [MEMBER_TYPE_LIST, TARGET_TYPE_LIST]}
    return _read(driver, "rule_members", versions, others, whole=True)


def _read(
    driver: psycopg.Connection[Row],
    statement: str,
    versions: Sequence[VersionKey],
    others: Mapping[str, object],
    *,
    whole: bool = False,
) -> dict[VersionKey, list[CheckedMember]]:
    contents: dict[VersionKey, list[CheckedMember]] = {version: [] for version in versions}
    parameters = {**columns(versions), **others}
    rows = driver.execute(sql_file("app.nodes", statement), parameters, prepare=is_worth_preparing(versions))
    member_types: dict[VersionKey, VersionKey] = {}
    for node, number, mt_node, mt_number, place, text, scale, target, target_number in rows:
        link = None if target is None else (target, target_number)
        value = text if whole else short_or_long((node, number), place, text)
        # Many members share a member type.
        member_type = member_types.setdefault((mt_node, mt_number), (mt_node, mt_number))
        contents[node, number].append(CheckedMember(member_type, place, value, scale, link))
    return contents


def short_or_long(version: VersionKey, place: int, text: str | None) -> str | LongValue | None:
    """Return a value of which at most `SHORT` + 1 characters have been read."""
    return text if text is None or len(text) <= SHORT else LongValue(version, place, text)
