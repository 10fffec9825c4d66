"""Freezing: a draft becomes a frozen version, after all that it depends on.

A frozen version never depends on a draft, so freezing freezes the drafts that the draft depends on as well: its
type, its targets, its member types, and theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.database.engine import driver_connection
from app.database.sql_files import sql_file
from app.identity import right
from app.identity.rights import Caller, rights_on
from app.nodes.lookup import read_named
from app.nodes.versions import Node
from app.references import content_range


@dataclass(frozen=True)
class Frozen:
    """A draft that is, or would be, frozen; or, with `obstacle`, one that stands in the way.

    The name is empty if the caller may not use the draft.
    """

    identifier: int
    reference: str
    number: int
    name: str
    obstacle: str | None = None


@dataclass(frozen=True)
class Freeze:
    """All drafts that a freeze concerns, in reference order.

    `obstacles` are those that the caller may not administer and may read, `hidden` counts those they may not even
    read; where there are any, nothing is frozen.
    """

    drafts: list[Frozen]
    obstacles: list[Frozen]
    hidden: int

    @property
    def impossible(self) -> bool:
        """Whether something stands in the way."""
        return bool(self.obstacles) or self.hidden > 0


def plan_freeze(connection: Connection, caller: Caller, node: Node, *, include_content: bool) -> Freeze:
    """What freezing a node, or with its content, would freeze."""
    return _judged(connection, caller, _closure(connection, _asked_for(connection, node, include_content)))


def freeze(connection: Connection, caller: Caller, node: Node, *, include_content: bool) -> Freeze:
    """Freeze a node, or with its content, and all that it depends on, in the connection's transaction.

    Nothing is frozen where something stands in the way.
    """
    locked: set[int] = set()
    while True:
        closure = _closure(connection, _asked_for(connection, node, include_content))
        if closure <= locked:
            break
        _lock(connection, closure)
        locked = closure
    judged = _judged(connection, caller, closure)
    if not judged.impossible and closure:
        connection.execute(
            text(
                "UPDATE node SET frozen_version_number = latest_version_number, edition = edition + 1"
                " WHERE node_identifier = ANY (:nodes) AND latest_version_number > frozen_version_number"
            ),
            {"nodes": list(closure)},
        )
    return judged


def _asked_for(connection: Connection, node: Node, include_content: bool) -> set[int]:
    """The nodes with a draft among the node and, if wanted, its content."""
    lower, upper = content_range(node.reference)
    query = """
        SELECT node_identifier FROM node
        WHERE latest_version_number > frozen_version_number
          AND (node_identifier = :node OR (:content AND node_reference >= :lower AND node_reference < :upper))
    """
    parameters = {"node": node.identifier, "content": include_content, "lower": lower, "upper": upper}
    return set(connection.execute(text(query), parameters).scalars())


def _closure(connection: Connection, drafts: set[int]) -> set[int]:
    """These nodes and all whose drafts theirs depend on, at any depth."""
    closure, added = set(drafts), set(drafts)
    query = sql_file("app.nodes", "freeze_dependencies")
    while added:
        rows = driver_connection(connection).execute(query, {"nodes": list(added)}).fetchall()
        added = {row[0] for row in rows} - closure
        closure |= added
    return closure


def _lock(connection: Connection, nodes: Iterable[int]) -> None:
    """Keep editors away. Whoever locks several nodes takes them in the order of their identifiers."""
    query = """
        SELECT FROM node WHERE node_identifier = ANY (:nodes) ORDER BY node_identifier FOR NO KEY UPDATE
    """
    connection.execute(text(query), {"nodes": list(nodes)})


def _judged(connection: Connection, caller: Caller, closure: set[int]) -> Freeze:
    query = "SELECT node_identifier, latest_version_number FROM node WHERE node_identifier = ANY (:nodes)"
    versions = [(row[0], row[1]) for row in connection.execute(text(query), {"nodes": list(closure)})]
    named = read_named(driver_connection(connection), versions)
    rights = rights_on(connection, caller, [name.reference for name in named.values()])
    drafts, obstacles, hidden = [], [], 0
    for (identifier, number), name in sorted(named.items(), key=lambda item: item[1].reference):
        held = rights.on(identifier, name.reference, name.owner)
        if held & right.ADMINISTER:
            drafts.append(Frozen(identifier, name.reference, number, name.name))
        elif held & right.READ:
            obstacle = "Not authorised to administer this node"
            shown = name.name if held & right.USE_DRAFT else ""
            obstacles.append(Frozen(identifier, name.reference, number, shown, obstacle))
        else:
            hidden += 1
    return Freeze(drafts, obstacles, hidden)
