"""WhereUsed: the versions that link to a version, to a depth, page by page, as far as the caller may read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from app.application import create_app
from app.database.engine import snapshot
from app.identity.rights import OPERATOR, Caller
from app.identity.users import add_user
from app.nodes.permissions import create_permission
from app.nodes.versions import find_version
from app.nodes.where_used import START, UsePlace, where_used
from app.settings import Settings
from tests.conftest import FreshDatabase
from tests.support.builders import Graph, M, V, draft, frozen, links, member_type, package, type_with
from tests.support.databases import engine_on
from tests.support.http import PASSWORD, SECRET_KEY, Client, Reply, message

MakeUser = Callable[..., None]

# P.C is used by P.B, that by P.A and P.A2, and P.A by P.C: a cycle.
GRAPH = (
    Graph()
    .node("P", package())
    .node("P.A", frozen(*links("P.B.1")))
    .node("P.A2", draft(*links("P.B.1", "P.C.1"), name="Secret"))
    .node("P.B", frozen(*links("P.C.1")), frozen())
    .node("P.C", frozen(*links("P.A.1")))
)


@pytest.fixture
def store(client: Client) -> Client:
    client.load(GRAPH)
    return client


def ask(client: Client, reference: str, **elements: object) -> Reply:
    given = {name: str(value) for name, value in elements.items()}
    return client.post(message("WhereUsed", {"nodeVersionReference": reference, **given}))


def uses(reply: Reply) -> list[str]:
    """The uses in short: `P.A.1 2 target` is one at distance 2, as a target."""
    assert reply.number == 0, reply.response.text
    return [
        " ".join(
            [
                use.findtext("nodeVersionReference") or "",
                use.findtext("distance") or "",
                *(kind for kind in ("type", "memberType", "target") if use.findtext(f"{kind}Indicator") == "true"),
            ]
        )
        for use in reply.tree.iterfind("UseList/Use")
    ]


def all_pages(client: Client, reference: str, size: int, **elements: object) -> list[list[str]]:
    found: list[list[str]] = []
    place: dict[str, str | None] = {}
    while True:
        reply = ask(client, reference, pageSize=size, **place, **elements)
        found.append(uses(reply))
        place = {name: reply.text(name) for name in ("distanceAfter", "nodeVersionIdentifierAfter")}
        if None in place.values():
            return found


def test_versions_that_link_to_a_version_itself(store: Client) -> None:
    assert uses(ask(store, "P.C.1")) == ["P.A2.1 1 target", "P.B.1 1 target"]
    assert uses(ask(store, "P.B")) == []
    assert uses(ask(store, "P.B.1")) == ["P.A.1 1 target", "P.A2.1 1 target"]


def test_deeper_uses_are_listed_once_at_their_shortest_distance(store: Client) -> None:
    assert uses(ask(store, "P.C.1", depth=2)) == ["P.A2.1 1 target", "P.B.1 1 target", "P.A.1 2 target"]
    assert uses(ask(store, "P.C.1", depth=100)) == uses(ask(store, "P.C.1", depth=2))


def test_uses_as_type_member_type_and_target(client: Client) -> None:
    client.load(
        Graph()
        .node("P.m", member_type())
        .node("P.T", type_with("P.m.1"))
        .node("P.N", V((M("P.m.1", value="x"), M("P.m.1", target="P.T.1")), "P.T.1"))
    )
    assert uses(ask(client, "P.T.1")) == ["P.N.1 1 type target"]
    assert uses(ask(client, "P.m.1")) == ["P.T.1 1 target", "P.N.1 1 memberType"]
    assert uses(ask(client, "P.N.1")) == []


@pytest.mark.ledger("DEC-143")
def test_pages_have_each_use_once(client: Client) -> None:
    graph = Graph().node("P.x", frozen(*links("P.b0.1")))
    for number in range(4):
        graph.node(f"P.a{number}", frozen(*links("P.x.1")))
        graph.node(f"P.b{number}", frozen(*links(f"P.a{number}.1", "P.a0.1")))
        graph.node(f"P.c{number}", frozen(*links(f"P.b{number}.1", "P.x.1")))
    client.load(graph)
    for depth, count in ((1, 8), (2, 12), (3, 12), (4, 12)):
        whole = uses(ask(client, "P.x.1", depth=depth))
        assert len(whole) == len(set(whole)) == count
        for size in (1, 3):
            found = all_pages(client, "P.x.1", size, depth=depth)
            assert [each for page in found for each in page] == whole, (depth, size)


@pytest.mark.ledger("DEC-144")
def test_unreadable_versions_are_neither_uses_nor_lead_to_uses(store: Client, make_user: MakeUser) -> None:
    make_user("ann", "node-read P.C", "node-read P.A", "node-read P.A2")
    ann = store.as_user("ann")
    assert uses(ask(ann, "P.C.1", depth=5)) == []
    make_user("bob", "package-read P")
    bob = store.as_user("bob")
    assert uses(ask(bob, "P.C.1", depth=5)) == ["P.B.1 1 target", "P.A.1 2 target"]
    assert "Secret" not in ask(bob, "P.C.1", depth=5).response.text
    assert ask(store.as_user(None), "P.C.1").number == 101


@pytest.mark.ledger("DEC-144")
def test_a_member_with_an_unreadable_member_type_is_not_a_use(client: Client, make_user: MakeUser) -> None:
    client.load(
        Graph()
        .node("S.m", member_type())
        .node("P.T", type_with("S.m.1"))
        .node("P.B", frozen())
        .node("P.A", V(links("P.B.1", member_type="S.m.1"), "P.T.1"))
    )
    make_user("ann", "package-read P")
    assert client.as_user("ann").get("P.A").members() == []
    assert uses(ask(client.as_user("ann"), "P.B.1")) == []
    assert uses(ask(client, "P.B.1")) == ["P.A.1 1 target"]


def test_a_version_that_is_not_found(store: Client, make_user: MakeUser) -> None:
    make_user("ann", "node-read P.A2")
    assert ask(store, "P.none").number == 105
    assert ask(store, "P.B.3").number == 105
    assert ask(store.as_user("ann"), "P.A2").number == 105
    assert ask(store.as_user("ann"), "P.B.1").number == 101


def test_uses_in_versions_that_updates_write_are_found(client: Client) -> None:
    """The index of contents does not have these versions again."""
    client.load(Graph().node("W.B", frozen(), draft()).node("W.A", frozen(*links("W.B.1"))).node("W.Other", frozen()))
    assert client.update("W", "force").number == 0
    assert uses(ask(client, "W.B.2")) == ["W.A.2 1 target"]
    client.freeze("W.A")
    client.copy("W.B.2", "W.B")
    assert client.update("W", "force").number == 0
    assert [uses(ask(client, f"W.B.{number}")) for number in (1, 2, 3)] == [
        ["W.A.1 1 target"],
        ["W.A.2 1 target"],
        ["W.A.3 1 target"],
    ]
    # An import that replaces the draft puts other links into it.
    client.load(Graph().node("W.A", draft(*links("W.Other.1")), first=3))
    assert uses(ask(client, "W.B.3")) == []
    assert uses(ask(client, "W.Other.1")) == ["W.A.3 1 target"]


def test_members_that_an_update_removes_are_not_uses(client: Client) -> None:
    client.load(
        Graph()
        .node("R.B", frozen())
        .node("R.kept", member_type())
        .node("R.gone", member_type())
        .node("R.T", type_with("R.kept.1", "R.gone.1"), type_with("R.kept.1", draft=True))
        .node("R.A", frozen(M("R.kept.1", "R.B.1"), M("R.gone.1", "R.B.1"), type="R.T.1"))
    )
    assert client.update("R", "force").number == 0
    assert sorted(uses(ask(client, "R.gone.1"))) == ["R.A.1 1 memberType", "R.T.1 1 target"]
    assert sorted(uses(ask(client, "R.kept.1"))) == [
        "R.A.1 1 memberType",
        "R.A.2 1 memberType",
        "R.T.1 1 target",
        "R.T.2 1 target",
    ]


HUB = 4000
"""The number of versions that use H.m, H.T and H.Z."""


@pytest.fixture(scope="module")
def hub(fresh_database: FreshDatabase) -> Iterator[Engine]:
    """A store for tests that only read, with `ann`, who may read a few of the many uses."""
    graph = Graph().node("H.m", member_type()).node("H.T", type_with("H.m.1")).node("H.Z", frozen())
    for number in range(HUB):
        graph.node(f"H.A{number:04}", frozen(M("H.m.1", "H.Z.1"), type="H.T.1"))
    with fresh_database(True, connected=True) as url, engine_on(url) as engine:
        client_of(engine).load(graph)
        with engine.begin() as connection:
            add_user(connection, "ann", PASSWORD)
            for reference in ("H.Z", "H.m", "H.A0007", "H.A3999"):
                create_permission(connection, OPERATOR, "node-read", "ann", reference)
        yield engine


def client_of(engine: Engine) -> Client:
    return Client(create_app(Settings(secret_key=SECRET_KEY), engine))


def rows_read(connection: Connection) -> int:
    """The rows of versions that this connection has read and PostgreSQL has not yet added to its statistics."""
    counts = text("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'node_version'")
    return int(connection.execute(counts).scalar_one())


def page_of(engine: Engine, reference: str, after: UsePlace) -> tuple[list[UsePlace], int]:
    """A page of ten uses for an administrator, and how many rows of versions PostgreSQL has read for it."""
    with snapshot(engine) as connection:
        caller = Caller(1, (), administers_all=True)
        version = find_version(connection, caller, None, reference)
        before = rows_read(connection)
        found = where_used(connection, caller, version, depth=1, after=after, limit=10)
        return [(each.distance, each.version) for each in found], rows_read(connection) - before


@pytest.mark.ledger("DEC-175")
def test_a_page_of_many_uses_reads_only_a_part_of_them(hub: Engine) -> None:
    for used in ("H.Z.1", "H.m.1", "H.T.1"):
        first, read = page_of(hub, used, START)
        assert len(first) == 10
        assert read < HUB / 2, used
        begin = (1, (first[-1][1][0] + HUB // 2, 1))
        deep, read = page_of(hub, used, begin)
        assert len(deep) == 10
        assert deep[0] > begin
        assert read < HUB / 2, used


@pytest.mark.ledger("DEC-143", "DEC-175")
def test_pages_of_many_uses_have_each_use_once(hub: Engine) -> None:
    pages = all_pages(client_of(hub), "H.Z.1", 1000)
    listed = [use for page in pages for use in page]
    assert [len(page) for page in pages] == [1000] * 4
    assert sorted(listed) == [f"H.A{number:04}.1 1 target" for number in range(HUB)]


@pytest.mark.ledger("DEC-144", "DEC-175")
def test_a_reader_of_a_few_of_many_uses_gets_these_alone(hub: Engine) -> None:
    assert uses(ask(client_of(hub).as_user("ann"), "H.Z.1", pageSize=2)) == ["H.A0007.1 1 target", "H.A3999.1 1 target"]
