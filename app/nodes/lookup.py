"""Reads facts about many nodes or versions at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import psycopg
from psycopg.rows import TupleRow as Row

from app.database.connection import DriverConnection
from app.references import VersionKey

_FEW = 1000
_AT_ONCE = 50_000


def is_worth_preparing(keys: Sequence[object]) -> bool:
    """Return whether a statement about these keys should be prepared. Many need a plan of their own: the plan of a
    prepared statement is made for a few."""
    return len(keys) <= _FEW


def read_references(driver: psycopg.Connection[Row], nodes: list[int]) -> dict[int, str]:
    """Read the references of nodes, by identifier."""
    query = "SELECT node_identifier, node_reference FROM node WHERE node_identifier = ANY (%s)"
    return dict(driver.execute(query, (nodes,), prepare=is_worth_preparing(nodes)).fetchall())


def read_types(driver: psycopg.Connection[Row], versions: Sequence[VersionKey]) -> dict[VersionKey, VersionKey]:
    """Read the type of each version."""
    rows = driver.execute(
        "SELECT node_identifier, version_number, type_node_identifier, type_version_number"
        " FROM unnest(%(nodes)s::bigint[], %(numbers)s::integer[]) AS w (node_identifier, version_number)"
        " JOIN node_version USING (node_identifier, version_number)",
        columns(versions),
        prepare=is_worth_preparing(versions),
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def columns(versions: Sequence[VersionKey]) -> dict[str, list[int]]:
    """Return versions as the parameters `nodes` and `numbers` of a query."""
    return {"nodes": [version[0] for version in versions], "numbers": [version[1] for version in versions]}


class Named(NamedTuple):
    """The name of a version, the reference and the owner of its node, and whether it is a draft."""

    reference: str
    name: str
    owner: int | None
    draft: bool = False


def read_named(
    driver: DriverConnection, versions: Sequence[VersionKey], *, last: bool = False
) -> dict[VersionKey, Named]:
    """Read the names of versions. A planned version has the name of the version that it will be made from.

    `last` says that the transaction may end with this.
    """
    named: dict[VersionKey, Named] = {}
    for first in range(0, len(versions), _AT_ONCE):
        ends = last and first + _AT_ONCE >= len(versions)
        named.update(_read_names(driver, versions[first : first + _AT_ONCE], last=ends))
    return named


def _read_names(
    driver: DriverConnection, versions: Sequence[VersionKey], *, last: bool
) -> Iterable[tuple[VersionKey, Named]]:
    # Each column arrives as one array, so that psycopg has no work for each row in Python.
    execute = driver.execute_last if last else driver.execute
    found = execute(
        "SELECT array_agg(w.node_identifier), array_agg(w.version_number), array_agg(n.node_reference::text),"
        " array_agg(v.node_name), array_agg(n.owner_identifier), array_agg(v.version_number > n.frozen_version_number)"
        " FROM unnest(%(nodes)s::bigint[], %(numbers)s::integer[]) AS w (node_identifier, version_number)"
        " JOIN node n ON n.node_identifier = w.node_identifier"
        " JOIN node_version v ON v.node_identifier = w.node_identifier"
        " AND v.version_number = least(w.version_number, n.latest_version_number)",
        columns(versions),
        prepare=is_worth_preparing(versions),
        binary=True,
    ).fetchone()
    if found is None or found[0] is None:
        return ()
    nodes, numbers, *named = found
    return zip(zip(nodes, numbers, strict=True), map(Named._make, zip(*named, strict=True)), strict=True)
