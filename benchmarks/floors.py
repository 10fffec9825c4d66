"""Floors: the times in which the database alone reads and writes the same rows."""

from __future__ import annotations

import time
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.server import connect

_REACHING = """
    CREATE TEMPORARY TABLE reaching AS
    WITH RECURSIVE reach (node_identifier) AS (
      SELECT node_identifier FROM node WHERE node_reference = %(reference)s
      UNION
      SELECT v.node_identifier
      FROM reach r JOIN node_version v ON v.indexed_as IS NULL AND v.targets @> ARRAY[r.node_identifier]
    )
    SELECT r.node_identifier FROM reach r JOIN node n USING (node_identifier)
    WHERE n.latest_version_number = n.frozen_version_number
"""
_READ = (
    "SELECT * FROM node",
    "SELECT node_identifier, version_number, type_node_identifier, type_version_number, node_name FROM node_version",
    "SELECT node_identifier, version_number, member_type_node_identifier, member_type_version_number, sequence,"
    " target_node_identifier, target_version_number FROM member",
)


def read_seconds(database_url: str, package: str) -> float:
    """Return the seconds of COPY of a package's nodes, of their versions without members, and of one row per link."""
    within = f"node_reference = '{package}' OR (node_reference >= '{package}.' AND node_reference < '{package}/')"
    with connect(database_url) as connection:
        for number, query in enumerate(_READ):
            nodes = f"SELECT node_identifier FROM node WHERE {within}"  # noqa: S608 - our own package
            table = f"CREATE TABLE read_{number} AS {query} WHERE node_identifier IN ({nodes})"
            connection.execute(table.encode())
        began = time.perf_counter()
        for number in range(len(_READ)):
            with connection.cursor() as cursor, cursor.copy(f"COPY read_{number} TO STDOUT".encode()) as copy:
                for _ in copy:
                    pass
    return time.perf_counter() - began


def parse_seconds(document: Path) -> float:
    """Return the seconds of reading an import document as a stream with the parser of Python's library."""
    began = time.perf_counter()
    for _, element in ElementTree.iterparse(document):  # noqa: S314 - our own document
        if element.tag == "Node":
            element.clear()
    return time.perf_counter() - began


def lean_seconds(database_url: str, reference: str) -> tuple[float, int]:
    """Write new versions of all nodes that depend on a node, in a lean store, with one commit per node.

    Returns the seconds and the number of nodes.
    """
    with connect(database_url) as connection:
        connection.execute(_REACHING, {"reference": reference})
        connection.execute((Path(__file__).parent / "lean.sql").read_bytes())
        row = connection.execute("SELECT count(*) FROM lean.step").fetchone()
        connection.execute("VACUUM ANALYZE")
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET plan_cache_mode = force_generic_plan")
        began = time.perf_counter()
        connection.execute("CALL lean.run()")
        return time.perf_counter() - began, row[0] if row else 0


def copy_in_seconds(database_url: str, empty_url: str) -> float:
    """Return the seconds of COPY of all rows of one store into an empty one with constraints and indexes."""
    parts: dict[str, list[bytes]] = {}
    tables = ("node", "node_version")
    with connect(database_url) as connection:
        for table in tables:
            query = f"COPY (SELECT * FROM {table} WHERE node_identifier > 1000 ORDER BY 1) TO STDOUT"  # noqa: S608
            with connection.cursor() as cursor, cursor.copy(query.encode()) as copy:
                parts[table] = [bytes(block) for block in copy]
    with connect(empty_url) as connection, connection.transaction():
        began = time.perf_counter()
        for table in tables:
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
                for block in parts[table]:
                    copy.write(block)
        return time.perf_counter() - began
