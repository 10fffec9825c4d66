"""A store that holds the archive several times, made in the database."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from psycopg import sql

from benchmarks.archive import PACKAGE
from benchmarks.server import connect, make_database

EVERYTHING: Final = "debian"
"""The package that holds all copies."""


def make_copies(url: str, name: str, copies: int) -> tuple[str, int]:
    """Make a database with the archive this many times. Returns its URL and the number of its nodes."""
    database = make_database(url, name, "bench_store")
    text = Path(__file__).with_name("copies.sql").read_text()
    with connect(database) as connection:
        row = connection.execute(
            "SELECT min(node_identifier) FROM node WHERE starts_with(node_reference, %s)", (f"{PACKAGE}.",)
        ).fetchone()
        for copy in range(1, copies):
            parts = {"copy": sql.Literal(copy), "package": sql.Literal(PACKAGE), "first": sql.Literal(row and row[0])}
            connection.execute(sql.SQL(text).format(**parts))
        connection.execute("VACUUM ANALYZE")
        nodes = connection.execute("SELECT count(*) FROM node WHERE node_identifier > 1000").fetchone()
    return database, nodes[0] if nodes else 0
