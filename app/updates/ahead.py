"""Reads the details of a small plan in one round trip, ahead of the code that finds out step by step which they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from app.database.connection import DriverConnection
from app.database.sql_files import sql_file
from app.nodes.checked_members import SHORT, short_or_long
from app.nodes.lookup import columns
from app.nodes.members import CheckedMember
from app.references import VersionKey
from app.system_nodes import MEMBER_TYPE_LIST
from app.updates.data import MEMBERS_AT_ONCE
from app.updates.graph import Details, Graph
from app.updates.packed import pack
from app.updates.plan import Concern


def read_ahead(
    driver: DriverConnection, details: Details, graph: Graph, wanted: Concern, types: Iterable[VersionKey]
) -> list[Any]:
    """Read details of a plan that changes types: contents, types of targets, and references of member types.

    `types` are the types in use, and those before and after the changes. Returns the rows of `draft_users.sql`. What is
    read may be less than all details: drafts with many members are left out.
    """
    drafts = [(node, graph.examined[node]) for node in wanted.draft_types]
    moved = {*graph.sources.items(), *graph.examined.items()}
    parameters = {
        **_named("type", list(types)),
        **_named("moved", [version for version in moved if version[1]]),
        **_named("data", [(node, graph.examined[node]) for node in wanted.type_changes]),
        **_named("draft", drafts),
        "list": MEMBER_TYPE_LIST,
        "longest": SHORT + 1,
        "most": MEMBERS_AT_ONCE,
    }
    references = "SELECT node_identifier, node_reference FROM node WHERE node_identifier = ANY (%(nodes)s)"
    with driver.pipeline():
        users = driver.execute(sql_file("app.updates", "draft_users"), columns(drafts), prepare=True)
        members = driver.execute(sql_file("app.updates", "ahead_contents"), parameters, prepare=True)
        targets = driver.execute(sql_file("app.updates", "ahead_targets"), parameters, prepare=True)
        of_moved = driver.execute(references, {"nodes": [node for node, _ in wanted.member_types]}, prepare=True)
    for node, number, mt_node, mt_number, place, text, scale, target, target_number, reference in members.fetchall():
        content = details.with_values.setdefault((node, number), [])
        if mt_node is not None:
            link = None if target is None else (target, target_number)
            value = short_or_long((node, number), place, text)
            content.append(CheckedMember((mt_node, mt_number), place, value, scale, link))
            details.references[mt_node] = reference
    details.contents = {version: pack(content) for version, content in details.with_values.items()}
    details.rule_members = dict(details.with_values)
    details.references.update(of_moved.fetchall())
    details.type_nodes = {(node, number): type_node for node, number, type_node in targets.fetchall()}
    return users.fetchall()


def _named(name: str, versions: Sequence[VersionKey]) -> dict[str, list[int]]:
    return {f"{name}_{part}": values for part, values in columns(versions).items()}
