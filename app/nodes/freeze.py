"""Freezes drafts, together with the drafts that they depend on.

A frozen version never depends on a draft, so freezing a draft also freezes the drafts that it depends on: its type, its
targets, its member types, and the drafts that these depend on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.database.engine import driver_connection
from app.database.sql_files import sql_file
from app.errors import PreconditionError
from app.identity import audit, right
from app.identity.audit import Action, Event
from app.identity.rights import Caller, rights_on
from app.nodes.lookup import read_named
from app.nodes.versions import Node
from app.references import content_range

_FREEZE = audit.statement(sql_file("app.nodes", "freeze_drafts"))


@dataclass(frozen=True)
class Frozen:
    """A draft that is, or would be, frozen; with `obstacle`, a draft that prevents the freeze.

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

    `obstacles` are the drafts that the caller may read but not administer; `hidden` counts those that the caller may
    not read. If there are any, nothing is frozen. `fingerprint` differs if other drafts would be frozen, or one of them
    has changed.
    """

    drafts: list[Frozen]
    obstacles: list[Frozen]
    hidden: int
    fingerprint: str

    @property
    def impossible(self) -> bool:
        """Whether some draft prevents the freeze."""
        return bool(self.obstacles) or self.hidden > 0


def plan_freeze(connection: Connection, caller: Caller, node: Node, *, include_content: bool) -> Freeze:
    """Return what freezing a node, optionally with its content, would freeze."""
    return _judged(connection, caller, _closure(connection, _asked_for(connection, node, include_content)))


def freeze(
    connection: Connection, caller: Caller, node: Node, *, include_content: bool, shown: str | None = None
) -> Freeze:
    """Freeze a node, optionally with its content, and all drafts that it depends on, in the connection's transaction.

    Nothing is frozen if the freeze is impossible. Raises PreconditionError if `shown` is the fingerprint of another
    freeze.
    """
    locked: set[int] = set()
    while True:
        closure = _closure(connection, _asked_for(connection, node, include_content))
        if closure <= locked:
            break
        _lock(connection, closure)
        locked = closure
    judged = _judged(connection, caller, closure)
    PreconditionError.check(
        shown, judged.fingerprint, "a draft that would be frozen has changed since you looked at it"
    )
    if not judged.impossible and closure:
        _freeze_drafts(connection, node, closure)
    return judged


def _freeze_drafts(connection: Connection, node: Node, drafts: set[int]) -> None:
    """Freeze drafts for the freeze of a node. Each has a row in the audit, and all together one log line."""
    done = Event(Action.NODE_FROZEN, "node", node.reference, {"drafts": len(drafts)})
    asked = {"nodes": list(drafts), "asked": node.identifier, "asked_reference": node.reference}
    connection.execute(_FREEZE, {**asked, **audit.parameters(done)})
    audit.log_on_commit(connection, done)


def _asked_for(connection: Connection, node: Node, include_content: bool) -> set[int]:
    """Return the nodes with a draft among the node and, if requested, its content."""
    lower, upper = content_range(node.reference)
    query = """
        SELECT node_identifier FROM node
        WHERE latest_version_number > frozen_version_number
          AND (node_identifier = :node OR (:content AND node_reference >= :lower AND node_reference < :upper))
    """
    parameters = {"node": node.identifier, "content": include_content, "lower": lower, "upper": upper}
    return set(connection.execute(text(query), parameters).scalars())


def _closure(connection: Connection, drafts: set[int]) -> set[int]:
    """Return these nodes, and all nodes whose drafts their drafts depend on, at any depth."""
    closure, added = set(drafts), set(drafts)
    query = sql_file("app.nodes", "freeze_dependencies")
    while added:
        rows = driver_connection(connection).execute(query, {"nodes": list(added)}).fetchall()
        added = {row[0] for row in rows} - closure
        closure |= added
    return closure


def _lock(connection: Connection, nodes: Iterable[int]) -> None:
    """Lock nodes against changes, in the order of their identifiers, as all code that locks several nodes does."""
    query = """
        SELECT FROM node WHERE node_identifier = ANY (:nodes) ORDER BY node_identifier FOR NO KEY UPDATE
    """
    connection.execute(text(query), {"nodes": list(nodes)})


def _judged(connection: Connection, caller: Caller, closure: set[int]) -> Freeze:
    query = "SELECT node_identifier, latest_version_number, edition FROM node WHERE node_identifier = ANY (:nodes)"
    rows = connection.execute(text(query), {"nodes": list(closure)}).all()
    editions = {row[0]: row[2] for row in rows}
    named = read_named(driver_connection(connection), [(row[0], row[1]) for row in rows])
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
    editions_read = [(draft.identifier, draft.number, editions[draft.identifier]) for draft in drafts]
    return Freeze(drafts, obstacles, hidden, hashlib.sha256(repr(editions_read).encode()).hexdigest()[:32])
