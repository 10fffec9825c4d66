"""Finds packages in which something is out of date."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.identity.rights import Caller
from app.nodes.sight import read_sight
from app.system_nodes import LAST_SYSTEM_IDENTIFIER

# A link within a package at the top is out of date if its target has a later version. `latest` is the version that is
# examined in an update: the latest one that the caller may use.
_COUNT = """
    WITH latest AS (
      SELECT n.node_identifier, n.node_reference, split_part(n.node_reference, '.', 1) AS package,
             CASE WHEN {draft} THEN n.latest_version_number ELSE n.frozen_version_number END AS number
      FROM node n WHERE n.node_identifier > :last_system AND {readable}
    )
    SELECT n.package, count(DISTINCT n.node_identifier)
    FROM latest n
    JOIN node_version v ON v.node_identifier = n.node_identifier AND v.version_number = n.number
    CROSS JOIN LATERAL (
      SELECT v.type_node_identifier, v.type_version_number
      UNION ALL SELECT l.target, l.number FROM unnest(v.targets, v.target_numbers) AS l (target, number)
    ) AS link (node_identifier, number)
    JOIN latest m ON m.node_identifier = link.node_identifier AND m.package = n.package AND m.number > link.number
    WHERE EXISTS (SELECT FROM latest p WHERE p.node_reference = n.package)
    GROUP BY n.package ORDER BY count(DISTINCT n.node_identifier) DESC, n.package LIMIT :limit
"""


@dataclass(frozen=True)
class OutOfDate:
    """A package at the top, and how many nodes of it link to a version that is not the latest."""

    package: str
    nodes: int


def read_out_of_date(connection: Connection, caller: Caller, limit: int) -> list[OutOfDate]:
    """Return the packages with the most nodes that are directly out of date, as far as the caller may know it.

    The links of all nodes are read, so the time grows with the store.
    """
    sight = read_sight(connection, caller)
    statement = _COUNT.format(readable=sight.readable("n"), draft=sight.visible_version("n", "n.latest_version_number"))
    values = {"last_system": LAST_SYSTEM_IDENTIFIER, "limit": limit, **sight.parameters}
    return [OutOfDate(*row) for row in connection.execute(text(statement), values)]
