"""A store of many small packages, made in the database, and small impacts in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from benchmarks.archive import request, say
from benchmarks.server import connect, make_store
from benchmarks.service import running

SIZE: Final = 12
"""The nodes of a package."""
ROWS: Final = 10
"""The rows of the impact of a package."""
_FIRST = 10_000_000
_ASKED = 80
"""This many packages of a store are requested in turn."""


def add_packages(connection: psycopg.Connection[Any], packages: int) -> None:
    """Add this many packages, `store.p1`, `store.p2` ..., in each of which `ROWS` nodes are out of date."""
    text = Path(__file__).with_name("packages.sql").read_text()
    connection.execute(sql.SQL(text).format(packages=packages, first=_FIRST))


@dataclass(frozen=True)
class Packages:
    """A store of packages."""

    url: str
    nodes: int

    def impacts_per_second(self) -> float:
        """Return how many impacts of ten nodes, in packages all over the store, the service handles in a second."""
        packages = self.nodes // SIZE
        asked = [request("impact", f"store.p{1 + place * packages // _ASKED}") for place in range(_ASKED)]
        with running("wsgi:app", self.url) as service:
            for each in asked:
                service.post(each)
            return service.requests_per_second(asked)


def make_packages(url: str, nodes: int) -> Packages:
    """Make a store of packages with this many nodes."""
    say(f"making a store of {nodes:,} nodes")
    database = make_store(url, f"bench_packages_{nodes}")
    with connect(database) as connection:
        add_packages(connection, nodes // SIZE)
        connection.execute("VACUUM ANALYZE")
    return Packages(database, nodes)
