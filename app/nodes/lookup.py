"""Reading facts about many nodes or versions at once."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from app.database.engine import Row

Link = tuple[int, int]
"""A version of a node: (node identifier, version number)."""


def read_references(driver: psycopg.Connection[Row], nodes: list[int]) -> dict[int, str]:
    """The references of nodes, by identifier."""
    query = "SELECT node_identifier, node_reference FROM node WHERE node_identifier = ANY (%s)"
    return dict(driver.execute(query, (nodes,)).fetchall())


def read_types(driver: psycopg.Connection[Row], versions: Sequence[Link]) -> dict[Link, Link]:
    """The type of each version."""
    rows = driver.execute(
        "SELECT node_identifier, version_number, type_node_identifier, type_version_number"
        " FROM unnest(%(nodes)s::bigint[], %(numbers)s::integer[]) AS w (node_identifier, version_number)"
        " JOIN node_version USING (node_identifier, version_number)",
        columns(versions),
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def columns(versions: Sequence[Link]) -> dict[str, list[int]]:
    """Versions as the parameters `nodes` and `numbers` of a query."""
    return {"nodes": [version[0] for version in versions], "numbers": [version[1] for version in versions]}
