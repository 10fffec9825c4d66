"""The content of a migrated database, and restoring a copy of it to this content after a test.

Thousands of tests restore a copy, so only what has changed is looked at: the server counts the rows that are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg

_WAIT_MILLISECONDS = 10_000
_MOST_GROWTH = 1.5
_LOOK_AT_SIZE_EVERY = 5

_CATALOGUES = {
    "pg_class": "oid >= 16384",
    "pg_attribute": "attrelid >= 16384",
    "pg_constraint": "oid >= 16384",
    "pg_index": "indexrelid >= 16384",
    "pg_trigger": "true",
    "pg_proc": "oid >= 16384",
    "pg_type": "oid >= 16384",
    "pg_namespace": "nspname !~ '^pg_(toast_)?temp_'",
    "pg_extension": "true",
}
_SETTINGS = """
    SELECT (SELECT count(*) FROM pg_db_role_setting WHERE setdatabase = oid),
           hashtext(concat_ws(' ', datallowconn, datconnlimit, datacl))::bigint
    FROM pg_database WHERE datname = current_database()
"""
# A changed definition has a new row in its catalogue, and a removed one has none.
_DEFINITIONS = " UNION ALL ".join(
    [
        *(
            f"SELECT count(*), max(xmin::text::bigint) FROM {catalogue} WHERE {condition}"
            for catalogue, condition in _CATALOGUES.items()
        ),
        _SETTINGS,
    ]
).encode()
_OIDS_OF_CATALOGUES = b"SELECT oid FROM pg_class WHERE oid < 16384 AND relname = ANY (%s)"
_SIZE = b"SELECT pg_database_size(current_database())"
_SEQUENCES = b"""
    SELECT seqrelid::regclass::text, seqstart, pg_sequence_last_value(seqrelid)
    FROM pg_sequence ORDER BY pg_sequence.seqrelid
"""
_VALUES = b"SELECT pg_sequence_last_value(seqrelid) FROM pg_sequence ORDER BY pg_sequence.seqrelid"
_TABLES = b"""
    SELECT oid, oid::regclass::text FROM pg_class WHERE oid >= 16384 AND relkind = 'r' AND relpersistence = 'p'
"""
_END_OTHERS = f"""
    SELECT pg_terminate_backend(pid, {_WAIT_MILLISECONDS}) FROM pg_stat_get_activity(NULL)
    WHERE datid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND pid <> pg_backend_pid() AND pid <> ALL (%s)
""".encode()
COUNT: LiteralString = "SELECT pg_stat_force_next_flush()"
"""At the end of the transaction, the server adds the counts of the session to those of the sessions that have ended."""
_WRITES = b"""
    SELECT oid::bigint, pg_stat_get_tuples_inserted(oid),
           pg_stat_get_tuples_updated(oid) + pg_stat_get_tuples_deleted(oid)
    FROM unnest(%s::oid[]) AS oid
"""
_WITHOUT_TRIGGERS = b"SET LOCAL session_replication_role = replica"
_NEXT_TRANSACTION = b"SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"

Writes = dict[int, tuple[int, int]]
"""How many rows were inserted into each table, and how many were updated or deleted, since the copy was made."""


@dataclass(frozen=True)
class Table:
    """A table, and the rows that it has in the template."""

    oid: int
    name: str
    rows: bytes


@dataclass(frozen=True)
class Counter:
    """A sequence of the database, and its value in the template, which is None if it has not been used."""

    name: str
    start: int
    value: int | None

    @property
    def reset(self) -> str:
        """The statement that gives it its value again."""
        value = self.start if self.value is None else self.value
        return f"SELECT setval('{self.name}', {value}, {self.value is not None})"


@dataclass(frozen=True)
class Contents:
    """The content of a database: its definitions, its rows, and the values of its sequences."""

    definitions: list[tuple[object, ...]]
    size: int
    catalogues: list[int]
    tables: list[Table]
    sequences: list[Counter]
    next_transaction: int

    @property
    def counted(self) -> list[int]:
        """The tables and catalogues whose writes are counted."""
        return [*self.catalogues, *(table.oid for table in self.tables)]


@dataclass
class Copy:
    """A copy of the template. Rows of transactions from `next_transaction` on are not those of the template."""

    name: str
    next_transaction: int
    writes: Writes = field(default_factory=dict)
    restorations: int = 0


def read_contents(connection: psycopg.Connection) -> Contents:
    """Read the content of the template."""
    tables = []
    for oid, name in connection.execute(_TABLES).fetchall():
        with connection.cursor().copy(f"COPY {name} TO STDOUT".encode()) as copy:
            tables.append(Table(oid, name, b"".join(map(bytes, copy))))
    names = [*_CATALOGUES, "pg_db_role_setting", "pg_database"]
    return Contents(
        _definitions(connection),
        int(_one(connection, _SIZE)),
        [oid for (oid,) in connection.execute(_OIDS_OF_CATALOGUES, [names]).fetchall()],
        tables,
        [Counter(*row) for row in connection.execute(_SEQUENCES).fetchall()],
        int(_one(connection, _NEXT_TRANSACTION)),
    )


def restore(connection: psycopg.Connection, copy: Copy, contents: Contents, kept: Sequence[int] = ()) -> bool:
    """Give a copy the contents. Returns False if its definitions have changed, or if it has become large.

    Ends all other sessions except those of the processes `kept`, which must have executed `COUNT`.
    """
    connection.execute(_END_OTHERS, [list(kept)])
    connection.execute(COUNT)
    connection.commit()
    writes = _writes(connection, contents)
    before = {oid: copy.writes.get(oid, (0, 0)) for oid in writes}
    if any(now < then for oid in writes for now, then in zip(writes[oid], before[oid], strict=True)):
        return False  # The server has lost its counts.
    if (
        any(writes[oid] != before[oid] for oid in contents.catalogues)
        and _definitions(connection) != contents.definitions
    ):
        return False
    if _has_grown(connection, copy, contents):
        return False
    changed = [table for table in contents.tables if writes[table.oid] != before[table.oid]]
    only_larger = {table.oid for table in changed if writes[table.oid][1] == before[table.oid][1]}
    values = connection.execute(_VALUES).fetchall()
    statements = [
        "SELECT pg_current_xact_id()::text::bigint + 1",
        *(_deletion(table, copy, all_there=table.oid in only_larger) for table in changed),
        *(each.reset for each, (value,) in zip(contents.sequences, values, strict=True) if value != each.value),
        COUNT,
    ]
    connection.execute(_WITHOUT_TRIGGERS)
    next_transaction = int(_one(connection, "; ".join(statements).encode()))
    for table in changed:
        if table.oid not in only_larger and table.rows:
            with connection.cursor().copy(f"COPY {table.name} FROM STDIN".encode()) as rows:
                rows.write(table.rows)
    connection.commit()
    copy.next_transaction, copy.writes = next_transaction, _writes(connection, contents)
    return True


def _deletion(table: Table, copy: Copy, *, all_there: bool) -> str:
    newer = f" WHERE xmin::text::bigint >= {copy.next_transaction}" if all_there else ""
    return f"DELETE FROM {table.name}{newer}"


def _writes(connection: psycopg.Connection, contents: Contents) -> Writes:
    rows = connection.execute(_WRITES, [contents.counted]).fetchall()
    return {oid: (inserted, other) for oid, inserted, other in rows}


def _has_grown(connection: psycopg.Connection, copy: Copy, contents: Contents) -> bool:
    """Whether a copy is too large. To add the sizes of its files takes long, so this is done now and then."""
    copy.restorations += 1
    if copy.restorations % _LOOK_AT_SIZE_EVERY:
        return False
    return int(_one(connection, _SIZE)) > _MOST_GROWTH * contents.size


def _definitions(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute(_DEFINITIONS).fetchall()


def _one(connection: psycopg.Connection, query: bytes) -> Any:  # noqa: ANN401
    row = connection.execute(query).fetchone()
    return row[0] if row else 0
