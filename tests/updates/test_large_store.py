"""The number of rows that a small request reads does not depend on the size of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine

from app.application import create_app
from app.identity.rights import OPERATOR
from app.identity.users import add_user
from app.nodes.permissions import create_permission
from app.settings import Settings
from benchmarks.packages import ROWS, SIZE, add_packages
from tests.conftest import FreshDatabase
from tests.support.builders import Graph, M, frozen, member_type, type_with
from tests.support.databases import connected, engine_on
from tests.support.http import PASSWORD, SECRET_KEY, Client, message
from tests.support.rows_read import RowsRead, rows_read
from tests.test_statements import changing_types

NODES = 20_000
BEFORE = 7
"""This many requests are sent before the one that counts: after five, PostgreSQL may keep a plan for all parameters."""
FEW = 150
"""The most rows and index entries that a request about twelve nodes reads; one that depends on the size of the store
reads thousands."""


@contextmanager
def store(fresh_database: FreshDatabase) -> Iterator[tuple[Client, Engine]]:
    """A store of packages with many nodes, with a user `ann` who administers some of them."""
    with fresh_database(True, connected=True) as url, engine_on(url) as engine:
        with connected(url) as connection:
            connection.autocommit = True
            add_packages(connection, NODES // SIZE)
            connection.execute("VACUUM ANALYZE")
        with engine.begin() as session:
            add_user(session, "ann", PASSWORD)
            for number in range(1, 10):
                create_permission(session, OPERATOR, "package-administer", "ann", f"store.p{number}")
        client = Client(create_app(Settings(secret_key=SECRET_KEY), engine))
        client.load(changing_types())
        client.load(moving_type())
        with engine.begin() as session:
            for permission, package in (("administer", "P"), ("administer", "R"), ("use-type", "T"), ("link", "Q")):
                create_permission(session, OPERATOR, f"package-{permission}", "ann", package)
        yield client, engine


def moving_type() -> Graph:
    """A type that is out of date, and nodes of this type."""
    graph = Graph().node("S.m", member_type(), member_type(USE_VALUE="true")).node("S.t", type_with("S.m.1"))
    for name in "ABC":
        graph.node(f"S.{name}", frozen(M("S.m.1", value="x"), type="S.t.1"))
    return graph


def update(client: Client, package: str, scope: str, rows: int, source: str = "") -> None:
    """UpdateNodeVersions of a package."""
    reply = client.update(package, sourceScope=scope, sourceReference=source)
    assert (reply.number, len(reply.updates())) == (0, rows)


def ask(client: Client, service: str, **elements: str) -> None:
    """Another request."""
    reply = client.post(message(service, elements))
    assert reply.number == 0, reply.response.text


REQUESTS: dict[str, Callable[[Client, str], None]] = {
    "impact": lambda client, package: update(client, package, "node", ROWS),
    "impact of the latest versions": lambda client, package: update(client, package, "latest", ROWS),
    "impact of the current versions": lambda client, package: update(client, package, "current", 1),
    "impact of one source": lambda client, package: update(client, package, "current", 1, f"{package}.n1"),
    "impact of a new type": lambda client, _: update(client, "P", "latest", 2),
    "impact of a draft type": lambda client, _: update(client, "R", "node", 1),
    "GetNode": lambda client, package: ask(client, "GetNode", nodeVersionReference=f"{package}.n3"),
    "FreezeNode": lambda client, package: ask(
        client, "FreezeNode", nodeReference=package, freezeContentIndicator="true"
    ),
    "ListNodeVersions": lambda client, package: ask(client, "ListNodeVersions", nodeReference=package),
    "ListNodes": lambda client, package: ask(client, "ListNodes", nodeReference=package),
    "CompareNodeVersions": lambda client, package: ask(
        client,
        "CompareNodeVersions",
        nodeVersionReferenceFrom=f"{package}.n1.1",
        nodeVersionReferenceTo=f"{package}.n1.2",
    ),
}


FORCES = (("P", "latest", 2), ("R", "node", 1), ("S", "node", 4))
"""Forces that change the types of nodes, one to a draft type with its drafts, and one to a version that it makes."""


@pytest.mark.soak
@pytest.mark.ledger("DEC-360")
def test_a_small_request_reads_few_rows_of_a_large_store(fresh_database: FreshDatabase) -> None:
    found: dict[tuple[str, str], RowsRead] = {}
    with store(fresh_database) as (client, engine):
        for name, send in REQUESTS.items():
            for by in (client, client.as_user("ann")):
                for number in range(1, BEFORE + 1):
                    send(by, f"store.p{number}")
                with rows_read(engine) as read:
                    send(by, "store.p8")
                found[name, by.user or ""] = read
        for package, scope, steps in FORCES:
            with rows_read(engine) as read:
                forced = client.update(package, "force", sourceScope=scope)
            assert (forced.number, len(forced.updates())) == (0, steps)
            found[f"force of {package}", ""] = read
    too_much = {asked: read for asked, read in found.items() if read.scans or max(read.rows, read.entries) > FEW}
    assert not too_much
    assert all(read.rows for read in found.values())
