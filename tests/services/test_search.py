"""Search: nodes by the words in their names, references and values, as far as the caller may read them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.builders import Graph, M, V, draft, frozen, member_type, package, type_with
from tests.support.http import Client, Reply, message

MakeUser = Callable[..., None]

GRAPH = (
    Graph()
    .node("P", package())
    .node("P.note", member_type())
    .node("P.secret", member_type())
    .node("P.T", type_with("P.note.1", "P.secret.1"))
    .node(
        "P.bolt_m8", V((M("P.note.1", value="Stainless steel; see acme.example/bolts"),), "P.T.1", name="Hexagon bolt")
    )
    .node("P.nut", V((M("P.note.1", value="Brass"),), "P.T.1", name="Hexagon nut"), draft(name="Wing nut"))
    .node("P.washer", V((M("P.secret.1", value="Titanium"),), "P.T.1", name="Washer"))
    .node("Q.screw", V((M("P.note.1", value="Steel"),), "P.T.1", name="Hexagon screw"))
)


@pytest.fixture
def store(client: Client) -> Client:
    client.load(GRAPH)
    return client


def ask(client: Client, query: str, **elements: object) -> Reply:
    given = {name: str(value) for name, value in elements.items()}
    return client.post(message("Search", {"query": query, **given}))


def found(reply: Reply) -> list[str]:
    assert reply.number == 0, reply.response.text
    return [node.findtext("nodeVersionReference") or "" for node in reply.tree.iterfind("NodeList/Node")]


def test_words_are_found_in_names_references_and_values(store: Client) -> None:
    assert found(ask(store, "washer")) == ["P.washer.1"]
    assert found(ask(store, "m8")) == ["P.bolt_m8.1"]
    assert found(ask(store, "brass", searchField="all")) == []
    assert found(ask(store, "steel")) == ["P.bolt_m8.1", "Q.screw.1"]
    assert found(ask(store, "P.bolt_m8")) == ["P.bolt_m8.1"]


@pytest.mark.ledger("DEC-145")
def test_all_words_must_occur_in_any_place(store: Client) -> None:
    assert found(ask(store, "HEXAGON Steel")) == ["P.bolt_m8.1", "Q.screw.1"]
    assert found(ask(store, "hexagon steel m8")) == ["P.bolt_m8.1"]
    assert found(ask(store, "hexagon titanium")) == []


@pytest.mark.ledger("DEC-145")
def test_the_beginning_of_a_word_finds_it_if_it_has_three_letters(store: Client) -> None:
    assert found(ask(store, "stainl")) == ["P.bolt_m8.1"]
    assert found(ask(store, "wa")) == []
    assert found(ask(store, "example/bol")) == ["P.bolt_m8.1"]


def test_only_the_latest_version_is_found(store: Client) -> None:
    assert found(ask(store, "hexagon nut")) == []
    assert found(ask(store, "wing")) == ["P.nut.2"]


def test_only_names_or_only_a_package(store: Client) -> None:
    assert found(ask(store, "steel", searchField="name")) == []
    assert found(ask(store, "bolt", searchField="name")) == ["P.bolt_m8.1"]
    assert found(ask(store, "hexagon", package="Q")) == ["Q.screw.1"]
    assert found(ask(store, "screw", package="Q.screw")) == ["Q.screw.1"]


def test_a_summary_is_the_beginning_of_the_value_that_was_found(store: Client) -> None:
    reply = ask(store, "stainless")
    assert reply.text("NodeList/Node/nodeName") == "Hexagon bolt"
    assert reply.text("NodeList/Node/nodeSummary") == "Stainless steel; see acme.example/bolts"
    assert ask(store, "wing").text("NodeList/Node/nodeSummary") is None
    store.load(Graph().node("Q.long", V((M("P.note.1", value=f"long {'x' * 70000} end"),), "P.T.1")))
    assert len(ask(store, "long", package="Q").text("NodeList/Node/nodeSummary") or "") == 200


def test_pages_and_their_number(store: Client) -> None:
    first = ask(store, "hexagon", pageSize=1, searchInfo="mine")
    assert found(first) == ["P.bolt_m8.1"]
    shown = [first.text(name) for name in ("page", "numberOfResults", "numberOfPages", "searchInfo")]
    assert shown == ["1", "2", "2", "mine"]
    assert found(ask(store, "hexagon", pageSize=1, page=2)) == ["Q.screw.1"]
    behind = ask(store, "hexagon", pageSize=1, page=3)
    assert (found(behind), behind.text("numberOfResults")) == ([], "2")


def test_unreadable_nodes_are_neither_found_nor_counted(store: Client, make_user: MakeUser) -> None:
    make_user("ann", "node-read P.nut", "node-read P.washer", "node-read Q.screw", "node-read P.note")
    ann = store.as_user("ann")
    assert found(ask(ann, "hexagon")) == ["P.nut.1", "Q.screw.1"]
    assert ask(ann, "hexagon").text("numberOfResults") == "2"
    assert found(ask(ann, "wing")) == []
    assert found(ask(ann, "titanium")) == []
    assert found(ask(store, "titanium")) == ["P.washer.1"]
    assert found(ask(ann, "steel")) == ["Q.screw.1"]


def test_a_package_that_may_not_be_read_is_not_found(store: Client, make_user: MakeUser) -> None:
    make_user("ann")
    for package_reference in ("P", "none"):
        reply = ask(store.as_user("ann"), "hexagon", package=package_reference)
        assert (reply.number, reply.text("errorFields")) == (105, "package")
        assert ask(store.as_user(None), "hexagon", package=package_reference).number == 101


@pytest.mark.parametrize(
    "query", ["", " ", "!", "& | ( ) ' :*", "\u3000", "\\'", "<->", " ".join(f"w{n}" for n in range(21))]
)
def test_a_query_without_words_or_with_too_many_is_refused(store: Client, query: str) -> None:
    reply = ask(store, query)
    assert (reply.number, reply.text("errorFields")) == (105, "query")


@pytest.mark.parametrize("query", ["a & b", "it's", "x:*", "!a", "50%", "emoji \U0001f600 x", "é", "w" * 1000])
def test_no_query_is_an_operator(store: Client, query: str) -> None:
    assert found(ask(store, query)) == []


def test_a_node_with_a_draft_alone_is_found_by_its_reference(client: Client, make_user: MakeUser) -> None:
    client.load(Graph().node("P.new", draft(name="Secret")).node("P.old", frozen()))
    make_user("ann", "package-read P")
    reply = ask(client.as_user("ann"), "new")
    assert found(reply) == ["P.new"]
    assert "Secret" not in reply.response.text
    assert found(ask(client.as_user("ann"), "secret")) == []


def test_versions_that_updates_write_are_found(client: Client) -> None:
    """The index of contents does not have these versions again."""
    client.load(
        Graph()
        .node("W.B", frozen(), draft())
        .node("W.note", member_type())
        .node("W.gone", member_type())
        .node("W.T", type_with("W.note.1", "W.gone.1"))
        .node(
            "W.A",
            frozen(M("W.note.1", "W.B.1", "Rustproof"), M("W.gone.1", value="Obsolete"), type="W.T.1", name="Anchor"),
        )
    )
    for number in (2, 3):
        assert client.update("W", "force").number == 0
        assert found(ask(client, "anchor rustproof obsolete")) == [f"W.A.{number}"]
        client.freeze("W.A")
        client.copy(f"W.B.{number}", "W.B")
    client.load(Graph().node("W.T", type_with("W.note.1", draft=True), first=2))
    assert client.update("W", "force").number == 0
    assert found(ask(client, "anchor rustproof")) == ["W.A.4"]
    assert found(ask(client, "obsolete")) == []


def test_words_of_long_values_are_found(client: Client) -> None:
    words = " ".join(f"w{number}" for number in range(4000))
    client.load(
        Graph()
        .node("L.note", member_type())
        .node("L.T", type_with("L.note.1"))
        .node("L.A", V(tuple(M("L.note.1", value=f"{words} needle{number}") for number in range(4)), "L.T.1"))
        .node("L.B", V((M("L.note.1", value="short"),), "L.T.1"))
    )
    assert found(ask(client, "needle3")) == ["L.A.1"]
    assert found(ask(client, "needle4")) == []
    assert found(ask(client, "long")) == []
