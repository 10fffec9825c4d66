"""Imports nodes in bulk, all or nothing.

The document is written to temporary tables by COPY, where it is resolved and checked, and from where it is written to
the store. Each statement works on the whole document, none on a single node. The rules of member types are not checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from psycopg.rows import TupleRow as Row
from sqlalchemy import Connection, text

from app.database.copy import write_lines, write_rows
from app.database.engine import driver_connection
from app.database.sql_files import sql_file
from app.errors import FaultCode, NotAuthorisedError, StateError, UserError, absence
from app.identity import audit, right
from app.identity.audit import Action, Event
from app.identity.right import NODE_PERMISSIONS, PACKAGE_PERMISSIONS
from app.identity.rights import Caller, rights_on
from app.nodes.deletion import keep_links
from app.nodes.import_document import (
    DocumentFault,
    ImportDocument,
    ImportNode,
    first_faults,
)
from app.nodes.versions import lacks_version
from app.system_nodes import PACKAGE_LISTING

_FINISH = audit.driver_statement(sql_file("app.nodes", "import_finish_nodes"))
_IMPORTING = right.USE | right.ADMINISTER
_MAY_IMPORT = text("""
    SELECT EXISTS (
             SELECT FROM permission WHERE user_group_identifier = ANY (:groups) AND permission_type = ANY (:types)
           ) OR EXISTS (SELECT FROM node WHERE owner_identifier = :user)
""")

_NODES_AT_ONCE = 20_000
_MANY_ROWS = 1000


@dataclass(frozen=True)
class ImportTotals:
    """The numbers of rows that an import wrote. Packages that it created count as nodes and versions.

    `drafts_frozen` counts the drafts of the store that it has frozen, not the versions that it brought frozen.
    """

    nodes_created: int
    versions_created: int
    versions_replaced: int
    members_written: int
    drafts_frozen: int = 0


def may_import(connection: Connection, caller: Caller) -> bool:
    """Return whether the caller has any right to import: to create nodes in some package, or to administer some node.

    The rights on each node of a document are checked later.
    """
    if caller.administers_all:
        return True
    permissions = {**NODE_PERMISSIONS, **PACKAGE_PERMISSIONS}
    values = {
        "groups": list(caller.groups),
        "types": [name for name, rights in permissions.items() if rights & _IMPORTING],
        "user": caller.user_identifier,
    }
    return bool(connection.execute(_MAY_IMPORT, values).scalar_one())


def import_nodes(connection: Connection, caller: Caller, nodes: Iterable[ImportNode], *, force: bool) -> ImportTotals:
    """Import nodes in the transaction of the connection, which the calling code commits.

    Without `force`, everything is written and rolled back, and the totals say what would have been written. The
    document is read once, in bounded memory. Raises UserError (105) with the first hundred faults, NotAuthorisedError
    (101) if the caller has not signed in, and StateError (106) if another request creates one of the nodes at the same
    time. The calling code must then roll back the transaction.
    """
    if caller.user_identifier is None:
        raise NotAuthorisedError("sign in to import")
    document = ImportDocument(nodes)
    importer = _Importer(connection, caller, caller.user_identifier)
    importer.stage(document)
    importer.resolve()
    faults = first_faults([*document.faults, *importer.faults()])
    if faults:
        raise UserError(*(fault.as_fault() for fault in faults))
    if force:
        totals = importer.write()
        if totals.drafts_frozen:
            done = Event(Action.NODE_FROZEN, "node", details={"drafts": totals.drafts_frozen, "by": "import"})
            audit.log_on_commit(connection, done)
        return totals
    with connection.begin_nested() as trial:
        totals = importer.write()
        trial.rollback()
    return totals


class _Importer:
    def __init__(self, connection: Connection, caller: Caller, user_identifier: int) -> None:
        self._connection = connection
        self._driver = driver_connection(connection)
        self._caller = caller
        self._user = user_identifier

    def stage(self, document: ImportDocument) -> None:
        """Copy the document to temporary tables."""
        keep_links(self._connection)
        self._connection.execute(text("SET LOCAL work_mem = '32MB'"))
        self._driver.execute(sql_file("app.nodes", "import_staging"))
        for chunk in document.chunks():
            write_lines(self._driver, "import_node", "node_position, node_reference, package_reference", chunk.nodes)
            write_lines(
                self._driver,
                "import_version",
                "node_position, version_position, version_number, frozen, node_name, node_version_comment,"
                " type_reference, type_version, members",
                chunk.versions,
            )
            write_lines(
                self._driver,
                "import_member",
                "node_position, version_position, member_position, member_type_reference, member_type_version,"
                " sequence, value, scale, target_reference, target_version, comment",
                chunk.members,
            )

    def resolve(self) -> None:
        """Find the versions that the document refers to, as they are now and as they will be after the import."""
        self._driver.execute(sql_file("app.nodes", "import_existing"))
        for rows in self._existing():
            rights = rights_on(self._connection, self._caller, [row[1] for row in rows])
            write_rows(
                self._driver,
                "import_right",
                "node_identifier, may_read, may_link, may_use_type, may_use_draft, may_administer, may_create",
                [_right_row(row[0], rights.on(*row)) for row in rows],
            )
        self._driver.execute(sql_file("app.nodes", "import_state"))

    def faults(self) -> list[DocumentFault]:
        """Return the faults of the document, given the store and the rights of the caller."""
        found = [
            DocumentFault(node, 0, 0, "node_reference", text, FaultCode.DUPLICATE, twin)
            for node, text, twin in self._rows("import_duplicates")
        ]
        found += map(_store_fault, self._rows("import_faults"))
        if not self._caller.administers_all:
            found += [DocumentFault(*row) for row in self._rows("import_creation_faults")]
        return found

    def write(self) -> ImportTotals:
        """Write the document, which must have no faults."""
        nodes_created = self._create_nodes()
        query = sql_file("app.nodes", "import_write_versions")
        parameters = {"user": self._user, "package_listing": PACKAGE_LISTING}
        versions, members, replaced = self._driver.execute(query, parameters).fetchone() or (0, 0, 0)
        if versions + members > _MANY_ROWS:
            # Only these columns: ANALYZE of the indexed expressions would process every word of many versions.
            self._driver.execute("ANALYZE node, node_version (node_identifier, version_number, type_node_identifier)")
        frozen = self._driver.execute(_FINISH, audit.parameters(Event(Action.NODE_FROZEN))).rowcount
        self._driver.execute(
            "SELECT check_created_on_frozen(ARRAY(SELECT node_identifier FROM import_state WHERE is_new"
            " AND frozen_after > 0))"
        )
        return ImportTotals(nodes_created, versions - replaced, replaced, members, frozen)

    def _existing(self) -> Iterator[list[Row]]:
        """Yield the identifiers, references and owners of the existing nodes, in batches."""
        with self._driver.cursor(name="import_existing") as cursor:
            cursor.execute("SELECT node_identifier, node_reference, owner_identifier FROM import_existing")
            while rows := cursor.fetchmany(_NODES_AT_ONCE):
                yield rows

    def _create_nodes(self) -> int:
        # In the order of references, so that two imports of the same nodes cannot deadlock.
        created = self._driver.execute(
            "INSERT INTO node (node_identifier, node_reference, owner_identifier, frozen_version_number,"
            " latest_version_number) SELECT node_identifier, node_reference, %s, frozen_after, latest_after"
            " FROM import_state WHERE is_new ORDER BY node_reference"
            " ON CONFLICT (node_reference) DO NOTHING",
            (self._user,),
        ).rowcount
        wanted = self._driver.execute("SELECT count(*) FROM import_state WHERE is_new").fetchone()
        if wanted != (created,):
            raise StateError("another request has just created nodes of this document: send it again")
        return created

    def _rows(self, name: str) -> list[Row]:
        return self._driver.execute(sql_file("app.nodes", name)).fetchall()


def _store_fault(row: Row) -> DocumentFault:
    """Return the fault in a row of `import_faults.sql`."""
    node, version, member, field, reason, code, existing = row
    if code == FaultCode.NOT_FOUND:
        reason = absence(reason, lacks_version(existing) if existing else "")
    return DocumentFault(node, version, member, field, reason, FaultCode(code))


def _right_row(node_identifier: int, rights: int) -> Row:
    wanted = (right.READ, right.LINK, right.USE_TYPE, right.USE_DRAFT, right.ADMINISTER, right.USE)
    return (node_identifier, *(bool(rights & one) for one in wanted))
