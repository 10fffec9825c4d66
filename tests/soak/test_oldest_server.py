"""Work that grows with the store takes no quadratic time on the oldest supported version of PostgreSQL.

Its planner knows less than that of the embedded one: servers before PostgreSQL 17 have no statistics of the columns of
a materialized query, and expect ten elements in each array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from app.database.engine import make_engine
from app.database.migrate import migrate
from app.identity.users import add_user
from tests import conftest
from tests.console.test_home import BEHIND
from tests.nodes.importing.test_side_by_side import NODES_OF_A_BULK, bulk
from tests.support.builders import Graph, draft, frozen, links, package
from tests.support.databases import connected, empty_database
from tests.support.http import ADMIN, PASSWORD, Client, message
from tests.support.imports import NOTHING, bring, sign_up
from tests.support.moves import moved, to_be_moved
from tests.support.oldest_server import OLDEST, oldest_server
from tests.support.pages import Pages
from tests.support.rows_read import rows_read
from tests.support.solution_store import Store

NODES = 3000
INSTANCES = 2000
FEW = 60
"""The most rows that each step reads; one that reads the table of nodes reads thousands."""
_PATIENT = "SET LOCAL statement_timeout = '20s'"
"""The longest time for a statement: one that takes quadratic time takes minutes."""


@pytest.fixture(scope="module")
def oldest() -> Iterator[str]:
    with conftest.open_directory(conftest.directory_in_memory()) as directory, oldest_server(directory) as url:
        yield url


@pytest.fixture
def database_url(oldest: str) -> Iterator[str]:
    """A database with a user `admin`."""
    with empty_database(oldest) as url:
        engine = make_engine(url)
        migrate(engine)
        with engine.begin() as session:
            add_user(session, ADMIN, PASSWORD, admin=True)
        engine.dispose()
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine with transactions in which no statement may take long."""
    engine = make_engine(database_url, pool_size=10)
    event.listen(engine, "begin", lambda session: session.exec_driver_sql(_PATIENT))
    yield engine
    engine.dispose()


def test_the_server_is_of_the_oldest_version(oldest: str) -> None:
    with connected(oldest) as connection:
        assert connection.info.server_version // 10_000 == OLDEST


@pytest.mark.parametrize("frozen", [True, False])
def test_an_import_of_many_nodes_is_repeated(engine: Engine, frozen: bool) -> None:
    importer = sign_up(engine, "importer", administers_all=True)
    assert bring(engine, importer, *bulk(frozen)).versions_created > NODES_OF_A_BULK
    again = bring(engine, importer, *bulk(frozen))
    assert again == NOTHING if frozen else again.versions_replaced == NODES_OF_A_BULK


def test_an_import_of_many_members_is_repeated(client: Client) -> None:
    graph = Graph().node("P", package())
    for number in range(100):
        graph.node(f"P.N{number}", frozen(*links(*(f"P.N{(number + place) % 100}.1" for place in range(300)))))
    for created in ("101", "0"):
        assert client.load(graph).text("versionsCreated") == created


def behind() -> Graph:
    """Package P with a node of two versions, and many nodes that link to the first of them and to another node."""
    graph = Graph().node("P", package()).node("P.H", frozen(), draft())
    for number in range(NODES):
        targets = ["P.H.1", f"P.N{number // 2}.1"] if number else ["P.H.1"]
        graph.node(f"P.N{number}", frozen(*links(*targets), name=f"Part {number}"))
    return graph


def test_many_nodes_are_shown_updated_and_frozen(
    client: Client, app: Flask, engine: Engine, make_user: Callable[..., None], figures: Callable[[str], None]
) -> None:
    client.load(behind())
    make_user("ann", "package-use-draft P")
    for user in (ADMIN, "ann"):
        assert Pages.of(app, user).get("/console").rows(BEHIND) == [["P", f"{NODES:,}", "plan"]]
    used = client.post(message("WhereUsed", {"nodeVersionReference": "P.H.1", "depth": "2"}))
    found = client.post(message("Search", {"query": "part", "searchField": "all"}))
    assert (used.number, found.number, found.text("numberOfResults")) == (0, 0, str(NODES))
    assert len(client.update("P").updates()) == NODES
    read = {}
    with rows_read(engine) as read["force"]:
        assert len(client.update("P", "force").updates()) == NODES
    freeze = {"nodeReference": "P", "action": "force", "freezeContentIndicator": "true"}
    with rows_read(engine) as read["freeze"]:
        assert client.post(message("FreezeNode", freeze)).number == 0
    figures(", ".join(f"{done} reads {rows.rows / NODES:.1f} rows for each node" for done, rows in read.items()))
    assert {done: rows.rows // NODES for done, rows in read.items() if rows.rows > FEW * NODES} == {}
    assert Pages.of(app).get("/console").rows(BEHIND) == []


def test_many_instances_are_rolled_out(store: Store, engine: Engine) -> None:
    to_be_moved(store, engine, INSTANCES)
    [solution] = [row.text or "" for row in store.done("ListSolutions").tree.iter("solutionId")]
    assert store.done("UpdateSolutionInstances", solutionId=solution, action="force").number == 0
    assert moved(engine) == INSTANCES
