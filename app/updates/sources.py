"""The sources of an update: the versions to which links move, where the scope itself is not the source.

`StoredSources` reads them when they are needed. `SmallSources` were read together with a small scope, because a round
trip of their own would take longer than reading them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

from psycopg import Cursor, sql
from psycopg.rows import TupleRow
from sqlalchemy import Connection

from app.database.connection import DriverConnection
from app.database.engine import driver_connection
from app.database.sql_files import sql_file
from app.errors import UserError
from app.identity.rights import Caller, Rights
from app.nodes.lookup import read_references
from app.nodes.versions import Node, find_source, parsed_version_reference, readable_source
from app.references import VersionReference, content_range
from app.system_nodes import MANIFEST_ITEMS
from app.updates.options import Options, SourceScope
from app.updates.scope import columns_of, within

_FIELD = "source_reference"
_MOST = 1000
"""The most rows of sources that are read together with a small scope."""
_ITEMS = sql_file("app.updates", "manifest_items")
_NodeRow: TypeAlias = tuple[int, str, int | None, int, int, int]
_NODE = (
    "SELECT node_identifier, node_reference, owner_identifier, frozen_version_number, latest_version_number, edition"
    " FROM node WHERE node_reference = %(source)s"
)


class Item(NamedTuple):
    """A version that a manifest lists, with the frozen number, the reference and the owner of its node."""

    node: int
    number: int
    frozen: int
    reference: str
    owner: int | None


LinkedRow: TypeAlias = tuple[int, int, int, int, int]
"""A node, its latest and its frozen version number, its owner (0: none), and its edition."""


class Sources(Protocol):
    """The nodes that may be the sources of new versions."""

    def find(self, reference: str) -> tuple[Node, int | None]:
        """Return the source that the request names, and the number of its version; None if there is no such version.

        Raises UserError (105) if there is no such node, or if the caller may not read it.
        """

    def items(self, manifest: Node, number: int) -> Iterable[Item]:
        """Return the versions that a version of a manifest lists."""

    def linked(self, nodes: set[int], package: str | None) -> tuple[Iterable[LinkedRow], Mapping[int, str]]:
        """Return those of the nodes that are in the package (None: anywhere), and the references of nodes if the rights
        of the caller depend on them."""


class StoredSources:
    """Sources that are read when they are needed."""

    def __init__(self, connection: Connection, caller: Caller) -> None:
        self._connection = connection
        self._driver = driver_connection(connection)
        self._caller = caller

    def find(self, reference: str) -> tuple[Node, int | None]:
        """Read the source that the request names."""
        return find_source(self._connection, self._caller, reference, _FIELD)

    def items(self, manifest: Node, number: int) -> Iterable[Item]:
        """Read the versions that a version of a manifest lists."""
        rows = self._driver.execute(_ITEMS, _manifest(manifest.reference, number)).fetchall()
        return (Item._make(row[2:]) for row in rows)

    def linked(self, nodes: set[int], package: str | None) -> tuple[Iterable[LinkedRow], Mapping[int, str]]:
        """Read those of the nodes that are in the package."""
        in_source = sql.SQL("true") if package is None else within(package)
        columns = columns_of(self._connection, "outside_nodes", 5, nodes=sql.Literal(list(nodes)), in_source=in_source)
        references = {} if self._caller.administers_all else read_references(self._driver, list(columns[0]))
        rows: Iterable[LinkedRow] = zip(*columns, strict=True)
        return rows, references


class SentStatements(NamedTuple):
    """The statements that read the sources of a small scope, with results that arrive later: the source node, the
    versions that it lists as a manifest, and the nodes to which the scope links."""

    node: Cursor[TupleRow] | None
    items: Cursor[TupleRow] | None
    linked: Cursor[TupleRow] | None


def send_statements(driver: DriverConnection, options: Options, scope: Mapping[str, Any]) -> SentStatements:
    """Send the statements that read the sources of a small scope. `scope` are the parameters of `small_scope.sql`."""
    node, items, linked = None, None, None
    wanted = _wanted(options)
    if wanted is not None:
        node = driver.execute(_NODE, {"source": wanted.node_reference}, prepare=True)
    if options.source_scope is not SourceScope.MANIFEST:
        statement = sql_file("app.updates", "small_links")
        linked = driver.execute(statement, {**scope, "most_links": _MOST + 1}, prepare=True)
    elif wanted is not None:
        number = wanted.version if isinstance(wanted.version, int) else None
        items = driver.execute(_ITEMS, _manifest(wanted.node_reference, number, most=_MOST + 1), prepare=True)
    return SentStatements(node, items, linked)


@dataclass(frozen=True)
class SmallSources:
    """The sources of a small scope, read together with it and with the rights of the caller."""

    rights: Rights
    node_row: _NodeRow | None
    item_rows: Sequence[TupleRow]
    linked_rows: Sequence[TupleRow]

    def find(self, reference: str) -> tuple[Node, int | None]:
        """Return the source that the request names."""
        wanted = parsed_version_reference(reference, _FIELD)
        row = self.node_row
        node = None if row is None else Node(*row, self.rights.on(*row[:3]))
        return readable_source(node, wanted, reference, _FIELD)

    def items(self, manifest: Node, number: int) -> Iterable[Item]:
        """Return the versions that a version of a manifest lists."""
        return (Item._make(row[2:]) for row in self.item_rows if row[:2] == (manifest.identifier, number))

    def linked(self, nodes: set[int], package: str | None) -> tuple[Iterable[LinkedRow], Mapping[int, str]]:
        """Return those of the nodes that are in the package."""
        lower, upper = content_range(package) if package is not None else ("", "")
        found = {
            row[:5]: row[5]
            for row in self.linked_rows
            if row[0] in nodes and (package is None or row[5] == package or lower <= row[5] < upper)
        }
        return found, {row[0]: reference for row, reference in found.items()}


def received(sent: SentStatements, rights: Rights) -> SmallSources | None:
    """Return the sources that the statements have read; None if there are too many."""
    node_row = None if sent.node is None else sent.node.fetchone()
    items = [] if sent.items is None else sent.items.fetchall()
    linked = [] if sent.linked is None else sent.linked.fetchall()
    return SmallSources(rights, node_row, items, linked) if max(len(items), len(linked)) <= _MOST else None


def _manifest(reference: str, number: int | None, *, most: int | None = None) -> dict[str, object]:
    """Return the parameters of `manifest_items.sql`."""
    return {"source": reference, "number": number, "items": MANIFEST_ITEMS, "most": most}


def _wanted(options: Options) -> VersionReference | None:
    """Return the source that a request names, or None without a valid one. Errors are raised when it is needed."""
    try:
        return parsed_version_reference(options.source_reference, _FIELD)
    except UserError:
        return None
