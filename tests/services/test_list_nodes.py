"""ListNodes: the content of a package, to a depth, page by page, as far as the caller may read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.builders import Graph, draft, frozen, package
from tests.support.http import Client, Reply, message

MakeUser = Callable[..., None]

# In byte order P.s and its content come before P.s0, and P.sx after that.
GRAPH = (
    Graph()
    .node("P", package())
    .node("P.a", frozen(name="A"))
    .node("P.s", package())
    .node("P.s.c", frozen(), draft(name="C, improved"))
    .node("P.s.d", package())
    .node("P.s.d.e", frozen())
    .node("P.s0", draft(name="Secret"))
    .node("P.sx", frozen())
    .node("PX", frozen())
)


@pytest.fixture
def store(client: Client) -> Client:
    client.load(GRAPH)
    return client


def ask(client: Client, **elements: object) -> Reply:
    return client.post(message("ListNodes", {name: str(value) for name, value in elements.items()}))


def references(reply: Reply) -> list[str]:
    assert reply.number == 0, reply.response.text
    return [node.findtext("nodeReference") or "" for node in reply.tree.iterfind("NodeList/Node")]


def pages(client: Client, **elements: object) -> Iterator[list[str]]:
    after: str | None = ""
    while after is not None:
        reply = ask(client, nodeReferenceAfter=after, **elements)
        yield references(reply)
        after = reply.text("nodeReferenceAfter")


def test_a_package_lists_the_nodes_directly_in_it(store: Client) -> None:
    assert references(ask(store, nodeReference="P")) == ["P.a", "P.s", "P.s0", "P.sx"]
    assert references(ask(store, nodeReference="P.a")) == []


def test_deeper_levels_come_behind_their_package(store: Client) -> None:
    assert references(ask(store, nodeReference="P", depth=2)) == ["P.a", "P.s", "P.s.c", "P.s.d", "P.s0", "P.sx"]
    everything = ["P.a", "P.s", "P.s.c", "P.s.d", "P.s.d.e", "P.s0", "P.sx"]
    assert references(ask(store, nodeReference="P", depth=0)) == references(ask(store, nodeReference="P", depth=9))
    assert references(ask(store, nodeReference="P", depth=0)) == everything


def test_without_a_package_the_whole_store_is_listed(store: Client) -> None:
    assert references(ask(store)) == ["P", "PX", "system"]
    assert references(ask(store, depth=2))[:7] == ["P", "P.a", "P.s", "P.s0", "P.sx", "PX", "system"]


@pytest.mark.ledger("DEC-143")
@pytest.mark.parametrize("start", ["P", "P.s", ""])
def test_pages_have_each_node_once(store: Client, start: str) -> None:
    for depth in range(4):
        everything = references(ask(store, nodeReference=start, depth=depth))
        for size in (1, 3):
            found = list(pages(store, nodeReference=start, depth=depth, pageSize=size))
            assert [each for page in found for each in page] == everything, (depth, size)
            assert [len(page) for page in found[:-1]] == [size] * (len(found) - 1)


def test_a_page_begins_after_a_reference_that_no_longer_exists(store: Client) -> None:
    assert references(ask(store, nodeReference="P", nodeReferenceAfter="P.gone")) == ["P.s", "P.s0", "P.sx"]
    assert references(ask(store, nodeReference="P", nodeReferenceAfter="P.s.zz.y")) == ["P.s0", "P.sx"]
    assert references(ask(store, nodeReference="P", nodeReferenceAfter="Q")) == []
    assert references(ask(store, nodeReference="P", nodeReferenceAfter="A")) == ["P.a", "P.s", "P.s0", "P.sx"]


def test_unreadable_nodes_are_not_listed(store: Client, make_user: MakeUser) -> None:
    make_user("ann", "node-read P", "package-read P.s.d", "node-use-draft P.s0")
    ann = store.as_user("ann")
    assert references(ask(ann, nodeReference="P")) == ["P.s0"]
    assert references(ask(ann, nodeReference="P", depth=0)) == ["P.s.d", "P.s.d.e", "P.s0"]
    assert list(pages(ann, nodeReference="P", depth=0, pageSize=1)) == [["P.s.d"], ["P.s.d.e"], ["P.s0"]]
    assert references(ask(ann)) == ["P", "system"]
    assert ask(ann, nodeReference="P.s").number == 101
    assert ask(ann, nodeReference="P.none").number == 105


def test_a_package_that_begins_alike_gives_no_rights(store: Client, make_user: MakeUser) -> None:
    make_user("ann", "node-read P", "package-read P.s")
    assert references(ask(store.as_user("ann"), nodeReference="P", depth=0)) == ["P.s", "P.s.c", "P.s.d", "P.s.d.e"]


def test_a_draft_that_may_not_be_used_has_no_name(store: Client, make_user: MakeUser) -> None:
    make_user("ann", "package-read P")
    reply = ask(store.as_user("ann"), nodeReference="P", depth=0)
    shown = {
        node.findtext("nodeReference"): (node.findtext("nodeVersionNumber"), node.findtext("nodeName"))
        for node in reply.tree.iterfind("NodeList/Node")
    }
    assert shown["P.s0"] == (None, None)
    assert shown["P.s.c"] == ("1", "c")
    assert "Secret" not in reply.response.text
    assert "improved" not in reply.response.text
