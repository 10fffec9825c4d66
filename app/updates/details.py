"""Reads the details that a plan needs beyond the links: lists and rules of types, and the data under them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import psycopg
from psycopg.rows import TupleRow as Row
from sqlalchemy import Connection

from app.database.connection import DriverConnection
from app.database.engine import driver_connection
from app.database.sql_files import sql_file
from app.identity import right
from app.identity.rights import Caller, rights_on
from app.nodes.checked_members import read_members, read_rule_members
from app.nodes.long_values import long_value_reader
from app.nodes.lookup import columns, is_worth_preparing, read_references, read_types
from app.nodes.members import listed_types
from app.references import VersionKey
from app.updates.ahead import read_ahead
from app.updates.data import MEMBERS_AT_ONCE
from app.updates.fixpoint import Needs
from app.updates.graph import Details, DraftUser, Graph
from app.updates.packed import pack_columns
from app.updates.plan import Concern, concern

_USUAL_MEMBERS: Final = 20


def read_details(connection: Connection, caller: Caller, graph: Graph, needs: Needs, *, small: bool = False) -> Details:
    """Read the types, rules and data that the plan needs beyond the graph.

    `small` says that the scope is small, so that one round trip should read all of them.
    """
    reader = _DetailReader(driver_connection(connection), connection, caller, graph)
    return reader.details(concern(graph, needs), small=small)


def read_order(driver: psycopg.Connection[Row], wanted: Concern) -> Details | None:
    """Read the details on which only the order of the rows depends. Returns None if the plan needs more.

    The result is also None if a node has been deleted since the graph was read, without a common snapshot.
    """
    if wanted.type_changes or wanted.draft_types:
        return None
    contents = read_members(driver, list(wanted.types), with_values=False)
    details = Details(lists={of: listed_types(content) for of, content in contents.items()})
    unlisted = _unlisted(wanted.member_types, details)
    details.references = read_references(driver, list(unlisted)) if unlisted else {}
    return details if details.references.keys() >= unlisted else None


def _unlisted(member_types: set[VersionKey], details: Details) -> set[int]:
    """Return the nodes of the member types that a type in use does not list, whose members are ordered by reference."""
    in_all_lists = set[VersionKey].intersection(*map(set, details.lists.values())) if details.lists else set()
    return {node for node, _ in member_types - in_all_lists}


@dataclass
class _DetailReader:
    driver: DriverConnection
    connection: Connection
    caller: Caller
    graph: Graph
    users: list[Row] | None = None
    sizes: dict[int, int] = field(default_factory=dict)
    keys: dict[VersionKey, VersionKey] = field(default_factory=dict)

    def details(self, wanted: Concern, *, small: bool) -> Details:
        details = Details(read_values=partial(read_members, self.driver), read_long=long_value_reader(self.driver))
        few_members = sum(self._size((node, 0)) for node in wanted.type_changes) <= MEMBERS_AT_ONCE
        if small and few_members and (wanted.type_changes or wanted.draft_types):
            self.users = read_ahead(self.driver, details, self.graph, wanted, wanted.types | self._types(wanted))
        self._read_contents(details, wanted.types)
        details.lists = {version: listed_types(details.contents[version]) for version in wanted.types}
        member_types = wanted.member_types
        if wanted.type_changes or wanted.draft_types:
            self._read_data(details, wanted)
            member_types = member_types.union(
                *(details.contents[node, self.graph.examined[node]].member_types for node in wanted.type_changes)
            )
        unlisted = _unlisted(member_types, details) - details.references.keys()
        if unlisted:
            details.references.update(read_references(self.driver, list(unlisted)))
        return details

    def _types(self, wanted: Concern) -> set[VersionKey]:
        """Return the types before and after the update whose lists matter."""
        types = {self.graph.types[node] for node in wanted.type_changes}
        types.update((node, self.graph.examined[node]) for node in wanted.draft_types)
        for node, _ in wanted.type_changes.values():
            types.update(self._versions_after(node))
        return types

    def _read_data(self, details: Details, wanted: Concern) -> None:
        """Read the lists of all types before and after the update, the rules of their member types, and the data."""
        examined = self.graph.examined
        types = self._types(wanted)
        self._read_contents(details, types)
        member_types = {
            version
            for of in types
            for member_type in listed_types(details.contents[of])
            for version in (member_type, *self._versions_after(member_type[0]))
        }
        for block in self._blocks(member_types - details.rule_members.keys()):
            details.rule_members.update(read_rule_members(self.driver, block))
        details.users = self._users({node: examined[node] for node in wanted.draft_types})
        data = {(node, examined[node]) for node in wanted.type_changes}
        data.update(user.version for users in details.users.values() for user in users)
        self._read_contents(details, data)
        targets = {
            version
            for version_with_data in data
            for target in details.contents[version_with_data].targets()
            if target is not None
            for version in (target, *self._versions_after(target[0]))
        }
        missing = targets - details.type_nodes.keys()
        if missing:
            types_of = read_types(self.driver, list(missing))
            details.type_nodes.update({version: of[0] for version, of in types_of.items()})

    def _versions_after(self, node: int) -> list[VersionKey]:
        """Return the stored versions that links move to, or from which the version that links move to will be made."""
        numbers = {self.graph.sources.get(node), self.graph.examined.get(node)}
        return [(node, number) for number in numbers if number]

    def _users(self, drafts: dict[int, int]) -> dict[int, list[DraftUser]]:
        rows = self.users
        if rows is None:
            statement = sql_file("app.updates", "draft_users")
            rows = self.driver.execute(statement, columns(list(drafts.items()))).fetchall()
        rights_of = rights_on(self.connection, self.caller, [row[3] for row in rows])
        users: dict[int, list[DraftUser]] = defaultdict(list)
        for type_node, node, number, reference, owner, edition, size in rows:
            self.sizes[node] = size
            held = rights_of.on(node, reference, owner)
            mine = node in self.graph.editions and bool(held & right.ADMINISTER)
            users[type_node].append(DraftUser((node, number), edition, mine))
        return dict(users)

    def _read_contents(self, details: Details, versions: Collection[VersionKey]) -> None:
        """Read the members of versions that have not been read, in blocks."""
        graph = self.graph
        for block in self._blocks(version for version in versions if version not in details.contents):
            parameters, prepare = columns(block), is_worth_preparing(block)
            found = self.driver.execute(sql_file("app.updates", "packed_members"), parameters, prepare=prepare)
            for node, number, types, numbers, targets, target_numbers, has in found:
                linked = (graph.links, node) if graph.examined.get(node) == number else None
                # All versions share the keys of their member types.
                member_types = [self.keys.setdefault(key, key) for key in zip(types, numbers, strict=True)]
                details.contents[node, number] = pack_columns(member_types, targets, target_numbers, has, linked)

    def _blocks(self, versions: Iterable[VersionKey]) -> Iterator[list[VersionKey]]:
        """Yield versions in blocks, since the rows of the members of all may be many."""
        block: list[VersionKey] = []
        members = 0
        for version in versions:
            size = self._size(version)
            if block and members + size > MEMBERS_AT_ONCE:
                yield block
                block, members = [], 0
            block.append(version)
            members += size
        if block:
            yield block

    def _size(self, version: VersionKey) -> int:
        """Return about how many members a version has. Outside the scope, only the sizes of draft users are known."""
        node = version[0]
        return self.graph.sizes.get(node) or self.sizes.get(node, _USUAL_MEMBERS)
