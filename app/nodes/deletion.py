"""Deletes nodes, and provides the lock which ensures that no link leads to a missing version.

No foreign key guards the links of versions. A transaction that writes links holds the lock of links in share mode, from
before it reads the versions that it will link to until it has committed. A deletion holds the lock in exclusive mode,
from before it looks for links until it has committed. See docs/decisions/0005-links-without-foreign-keys.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow as Row
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from app.database.sql_files import sql_file
from app.errors import StateError
from app.references import VersionKey

_LINKS_LOCK = 0x52454C50
_WAIT = "2s"
"""A deletion waits this long for updates, imports and copies. Later ones wait until the deletion is done."""

_LINKING = text(sql_file("app.nodes", "links_to_nodes"))
_MOST_LINKING = 100


def keep_links(connection: Connection) -> None:
    """Prevent the deletion of nodes until this transaction ends. Call it before reading the versions to link to."""
    connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _LINKS_LOCK})


@contextmanager
def links_kept(driver: psycopg.Connection[Row]) -> Iterator[None]:
    """Prevent the deletion of nodes while the context lasts, over several transactions of a connection."""
    driver.execute("SELECT pg_advisory_lock_shared(%s)", (_LINKS_LOCK,))
    try:
        yield
    finally:
        if not driver.broken:
            driver.execute("SELECT pg_advisory_unlock_shared(%s)", (_LINKS_LOCK,))


def delete_nodes(connection: Connection, nodes: Sequence[int]) -> list[VersionKey]:
    """Delete nodes with their versions and permissions, in the connection's transaction, unless others link to them.

    Returns the first versions of other nodes that link to one of these. If there are any, nothing is deleted. Raises
    StateError (106) while an update, an import or a copy is in progress that may write such a link.
    """
    try:
        connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT}'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LINKS_LOCK})
        # All other writers of versions are kept out too.
        connection.execute(text("LOCK TABLE node_version IN SHARE ROW EXCLUSIVE MODE"))
    except OperationalError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise StateError("an update or an import is in progress: try again when it is done") from error
        raise
    parameters = {"nodes": list(nodes), "most": _MOST_LINKING}
    linking = [(row[0], row[1]) for row in connection.execute(_LINKING, parameters)]
    if not linking:
        connection.execute(text("CALL delete_nodes(CAST(:nodes AS bigint[]))"), {"nodes": list(nodes)})
    return linking
