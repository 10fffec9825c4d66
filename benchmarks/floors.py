"""Floors: how fast the database itself reads and writes the same rows."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from pathlib import Path

from app.database import embedded
from benchmarks.server import connect

_TABLES = ("node", "node_version", "member")
_REACHING = """
    CREATE TEMPORARY TABLE reaching AS
    WITH RECURSIVE reach (node_identifier) AS (
      SELECT node_identifier FROM node WHERE node_reference = %(reference)s
      UNION
      SELECT m.node_identifier FROM member m JOIN reach r ON m.target_node_identifier = r.node_identifier
    )
    SELECT r.node_identifier FROM reach r JOIN node n USING (node_identifier)
    WHERE n.latest_version_number = n.frozen_version_number
"""
_BULK = """
    BEGIN;
    UPDATE node SET latest_version_number = latest_version_number + 1, edition = edition + 1
    WHERE node_identifier IN (SELECT node_identifier FROM reaching);
    INSERT INTO node_version (node_identifier, version_number, type_node_identifier, type_version_number, node_name,
                              created_by, amended_by)
    SELECT node_identifier, version_number + 1, type_node_identifier, type_version_number, node_name,
           created_by, amended_by
    FROM node_version JOIN reaching USING (node_identifier);
    INSERT INTO member (node_identifier, version_number, member_type_node_identifier, sequence,
                        member_type_version_number, value, scale, target_node_identifier, target_version_number)
    SELECT m.node_identifier, m.version_number + 1, m.member_type_node_identifier, m.sequence,
           m.member_type_version_number, m.value, m.scale, m.target_node_identifier,
           m.target_version_number + (t.node_identifier IS NOT NULL)::integer
    FROM member m JOIN reaching r USING (node_identifier)
    LEFT JOIN reaching t ON t.node_identifier = m.target_node_identifier;
    COMMIT;
"""
# Members as many as a node of the archive has on average.
_NODE_TRANSACTION = """
\\set node random(1, :nodes)
BEGIN;
SELECT edition FROM node WHERE node_identifier = :first::bigint + :node::bigint FOR NO KEY UPDATE;
INSERT INTO bench_version
SELECT v.* FROM node_version v WHERE v.node_identifier = :first::bigint + :node::bigint LIMIT 1;
INSERT INTO bench_member SELECT m.* FROM member m WHERE m.node_identifier = :first::bigint + :node::bigint LIMIT 6;
UPDATE node SET edition = edition + 1 WHERE node_identifier = :first::bigint + :node::bigint;
COMMIT;
"""


def read_seconds(database_url: str, package: str) -> float:
    """COPY of all rows of a package's nodes out of the three tables."""
    within = f"node_reference = '{package}' OR (node_reference >= '{package}.' AND node_reference < '{package}/')"
    began = time.perf_counter()
    with connect(database_url) as connection:
        for table in _TABLES:
            nodes = f"SELECT node_identifier FROM node WHERE {within}"  # noqa: S608 - our own package
            query = f"COPY (SELECT * FROM {table} WHERE node_identifier IN ({nodes})) TO STDOUT"  # noqa: S608
            with connection.cursor() as cursor, cursor.copy(query.encode()) as copy:
                for _ in copy:
                    pass
    return time.perf_counter() - began


def bulk_seconds(database_url: str, reference: str) -> tuple[float, int]:
    """One INSERT ... SELECT a table for the new versions of all that reach a node; seconds and nodes."""
    with connect(database_url) as connection:
        connection.execute(_REACHING, {"reference": reference})
        connection.execute("ANALYZE reaching")
        row = connection.execute("SELECT count(*) FROM reaching").fetchone()
        began = time.perf_counter()
        connection.execute(_BULK)
        return time.perf_counter() - began, row[0] if row else 0


def copy_in_seconds(database_url: str, empty_url: str) -> float:
    """COPY of all rows of one store into an empty one, constraints and indexes in place."""
    parts: dict[str, list[bytes]] = {}
    with connect(database_url) as connection:
        for table in _TABLES:
            order = "ORDER BY node_identifier" if table == "node" else ""
            query = f"COPY (SELECT * FROM {table} WHERE node_identifier > 1000 {order}) TO STDOUT"  # noqa: S608
            with connection.cursor() as cursor, cursor.copy(query.encode()) as copy:
                parts[table] = [bytes(block) for block in copy]
    with connect(empty_url) as connection, connection.transaction():
        connection.execute("ALTER TABLE member DISABLE TRIGGER frozen_new_members")
        began = time.perf_counter()
        for table in _TABLES:
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
                for block in parts[table]:
                    copy.write(block)
        return time.perf_counter() - began


def node_transactions_per_second(database_url: str) -> float:
    """pgbench, one client: begin, lock, insert a version, insert its members, update the node, commit."""
    with connect(database_url) as connection:
        for table, source in (("bench_version", "node_version"), ("bench_member", "member")):
            connection.execute(
                f"CREATE TABLE {table} (LIKE {source} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)".encode()
            )
        for statement in _SAME_CONSTRAINTS:
            connection.execute(statement.encode())
        row = connection.execute("SELECT min(node_identifier), count(*) FROM node WHERE node_identifier > 1000")
        first, nodes = row.fetchone() or (0, 0)
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "node.sql"
        script.write_text(_NODE_TRANSACTION)
        command = [
            str(embedded.installed_binaries() / "pgbench"),
            "--no-vacuum",
            "--client=1",
            "--time=8",
            f"--file={script}",
        ]
        command += ["--protocol=prepared", f"--define=nodes={nodes - 1}", f"--define=first={first}", database_url]
        result = subprocess.run(command, check=True, capture_output=True, text=True)
    found = re.search(r"tps = ([0-9.]+)", result.stdout)
    return float(found[1]) if found else 0.0


# The same indexes and foreign keys as the real tables have; keys are not unique, since nodes come up again.
_SAME_CONSTRAINTS = (
    "CREATE INDEX ON bench_version (node_identifier, version_number)",
    "CREATE INDEX ON bench_version (type_node_identifier, type_version_number)",
    "ALTER TABLE bench_version ADD FOREIGN KEY (node_identifier) REFERENCES node",
    "ALTER TABLE bench_version ADD FOREIGN KEY (type_node_identifier, type_version_number) REFERENCES node_version",
    "CREATE INDEX ON bench_member (node_identifier, version_number, member_type_node_identifier, sequence)",
    "CREATE INDEX ON bench_member (target_node_identifier, target_version_number)"
    " WHERE target_node_identifier IS NOT NULL",
    "CREATE INDEX ON bench_member (member_type_node_identifier, member_type_version_number)",
    "ALTER TABLE bench_member ADD FOREIGN KEY (node_identifier, version_number) REFERENCES node_version",
    "ALTER TABLE bench_member ADD FOREIGN KEY (member_type_node_identifier, member_type_version_number)"
    " REFERENCES node_version",
    "ALTER TABLE bench_member ADD FOREIGN KEY (target_node_identifier, target_version_number) REFERENCES node_version",
)
