"""Finds packages in which something is out of date."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.identity.rights import Caller
from app.nodes.visibility import Visibility, read_visibility
from app.system_nodes import LAST_SYSTEM_IDENTIFIER

_COUNT = sql_file("app.nodes", "out_of_date")


@dataclass(frozen=True)
class OutOfDate:
    """A package at the top, and how many nodes of it link to a version that is not the latest."""

    package: str
    nodes: int


def read_out_of_date(connection: Connection, caller: Caller, limit: int) -> list[OutOfDate]:
    """Return the packages with the most nodes that are directly out of date, as far as the caller may know it.

    The links of all nodes are read, so the time grows with the store.
    """
    visibility = read_visibility(connection, caller)
    conditions = {f"readable_{node}": visibility.readable(node) for node in ("n", "m", "p")}
    statement = _COUNT.format(
        **conditions, examined_n=_examined(visibility, "n"), examined_m=_examined(visibility, "m")
    )
    values = {"last_system": LAST_SYSTEM_IDENTIFIER, "limit": limit, **visibility.parameters}
    return [OutOfDate(*row) for row in connection.execute(text(statement), values)]


def _examined(visibility: Visibility, node: str) -> str:
    """Return the number of the latest version that the caller may use, as an expression."""
    draft = visibility.visible_version(node, f"{node}.latest_version_number")
    return f"CASE WHEN {draft} THEN {node}.latest_version_number ELSE {node}.frozen_version_number END"
