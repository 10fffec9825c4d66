"""SetNode and ChangeNodeType of a draft that others edit, relink or freeze at the same time: no update is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import Engine

from tests.support.at_once import chain, force, interrupted
from tests.support.builders import LIST, Graph, M, V, draft, frozen, links, member_type, moves, package, type_with
from tests.support.edits import change_type, given, members, set_node
from tests.support.http import Client, Reply, checked, message

NUMBER_OF_ROUNDS = 5
NODE_LIST = LIST.rpartition(".")[0]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


def at_once(threads: ThreadPoolExecutor, *calls: Callable[[], Reply]) -> list[Reply]:
    """The replies of calls that begin together."""
    start = Barrier(len(calls))

    def call(each: Callable[[], Reply]) -> Reply:
        start.wait()
        return each()

    return [future.result() for future in [threads.submit(call, each) for each in calls]]


def add_value(client: Client, value: str, edition: str | None = None) -> Callable[[], Reply]:
    """An edit that adds a value to P.N."""
    added = members({"P.m": [given(value=value)]})
    return lambda: set_node(client, "update", added, nodeVersionReference="P.N", nodeEdition=edition)


@pytest.fixture
def node(client: Client) -> Client:
    """P.N is a draft with values under P.m, for which X.U has no place."""
    client.load(
        Graph()
        .node("P", package())
        .node("P.m", member_type())
        .node("P.k", member_type())
        .node("P.T", type_with("P.m.1", "P.k.1"))
        .node("X.U", type_with("P.k.1"))
        .node("P.N", V((M("P.m.1", value="first"),), "P.T.1", draft=True))
    )
    return client


@pytest.mark.ledger("DEC-152")
def test_of_two_edits_of_the_same_edition_one_is_refused(node: Client, threads: ThreadPoolExecutor) -> None:
    for number in range(NUMBER_OF_ROUNDS):
        before = node.get("P.N").members()
        edition = set_node(node, "edit", nodeVersionReference="P.N").text("nodeEdition")
        values = [f"a{number}", f"b{number}"]
        replies = at_once(threads, *(add_value(node, value, edition) for value in values))
        assert sorted(reply.number for reply in replies) == [0, 106]
        (written,) = (value for value, reply in zip(values, replies, strict=True) if reply.number == 0)
        assert node.get("P.N").members() == [*before, f"P.m.1 = {written}"]


def test_edits_that_name_no_edition_come_one_after_the_other(node: Client, threads: ThreadPoolExecutor) -> None:
    values = ["a", "b", "c", "d"]
    replies = at_once(threads, *(add_value(node, value) for value in values))
    assert [reply.number for reply in replies] == [0] * 4
    first, *added = node.get("P.N").members()
    assert (first, sorted(added)) == ("P.m.1 = first", [f"P.m.1 = {value}" for value in values])
    assert len({reply.text("nodeEdition") for reply in replies}) == 4


def test_an_edit_and_a_change_of_the_type_leave_what_one_after_the_other_leaves(
    node: Client, threads: ThreadPoolExecutor
) -> None:
    to, back = "X.U.1", "P.T.1"
    for number in range(NUMBER_OF_ROUNDS):
        edited, changed = at_once(
            threads, add_value(node, f"v{number}"), lambda: change_type(node, new_type=to, action="force")
        )
        assert changed.number == 0, changed.response.text
        # After the change, the new type has no place for the value, so that the edit is refused.
        assert edited.number in (0, 105), edited.response.text
        shown = node.get("P.N")
        assert (shown.text("nodeVersionReferenceType"), shown.members()) == (to, [])
        assert change_type(node, new_type=back, action="force").number == 0


@pytest.mark.ledger("DEC-152")
def test_a_change_of_the_type_of_an_edition_that_was_edited_is_refused(
    node: Client, threads: ThreadPoolExecutor
) -> None:
    for number in range(NUMBER_OF_ROUNDS):
        edition = str(set_node(node, "edit", nodeVersionReference="P.N").text("nodeEdition"))
        edited, changed = at_once(
            threads,
            add_value(node, f"v{number}", edition),
            partial(change_type, node, new_type="X.U.1", action="force", nodeEdition=edition),
        )
        assert sorted((edited.number, changed.number)) == [0, 106]
        shown = node.get("P.N")
        if changed.number == 0:
            assert shown.members() == []
            assert change_type(node, new_type="P.T.1", action="force").number == 0
        else:
            assert f"P.m.1 = v{number}" in shown.members()


@pytest.mark.ledger("UNV-34")
def test_a_draft_that_is_edited_while_a_run_is_at_work_is_planned_again(
    client: Client, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    client.load(chain().node("P.A", draft(*links("P.B.1"))))
    with interrupted(client, engine, threads) as run:
        more = members({NODE_LIST: [given(target="P.E.1", comment="new")]})
        edited = set_node(client, "update", more, nodeVersionReference="P.A", nodeName="Axle")
        assert edited.number == 0, edited.response.text
    reply = checked(run.result())
    assert (reply.number, reply.rows()[0]) == (0, f"P.A.1 change: {moves('P.B.2')}")
    shown = client.get("P.A")
    assert shown.members() == [f"{LIST} -> P.B.2", f"{LIST} -> P.E.1 (new)"]
    assert shown.text("nodeName") == "Axle"
    assert found(client, "axle") == ["P.A.1"]


@pytest.mark.ledger("UNV-34")
def test_a_draft_whose_type_is_changed_while_a_run_is_at_work_keeps_it(
    client: Client, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    graph = chain().node("P.A", V(links("P.B.1"), "P.T.1", draft=True))
    client.load(graph.node("P.T", type_with(LIST), type_with(LIST, draft=True)).node("Q.U", type_with(LIST)))
    with interrupted(client, engine, threads) as run:
        assert change_type(client, "P.A", "Q.U.1", "force").number == 0
    reply = checked(run.result())
    assert (reply.number, reply.rows()[0]) == (0, f"P.A.1 change: {moves('P.B.2')}")
    shown = client.get("P.A")
    assert (shown.text("nodeVersionReferenceType"), shown.members()) == ("Q.U.1", [f"{LIST} -> P.B.2"])


@pytest.mark.ledger("DEC-152")
def test_an_edit_with_the_edition_before_a_run_is_refused_after_it(client: Client) -> None:
    client.load(Graph().node("P.A", draft(*links("P.B.1"))).node("P.B", frozen(), draft()))
    edition = set_node(client, "edit", nodeVersionReference="P.A").text("nodeEdition")
    assert client.update("P", "force").rows() == [f"P.A.1 change: {moves('P.B.2')}"]
    late = set_node(client, "update", nodeVersionReference="P.A", nodeName="Late", nodeEdition=edition)
    assert late.number == 106
    assert client.get("P.A").members() == [f"{LIST} -> P.B.2"]


@pytest.mark.ledger("UNV-34")
def test_editors_of_a_draft_type_and_of_its_instances_and_a_run_end_without_a_deadlock(
    client: Client, threads: ThreadPoolExecutor
) -> None:
    """All of them lock the type and its instances; the edits of an instance also look at the rules of the type."""
    graph = (
        Graph()
        .node("P.m", member_type(), member_type(draft=True))
        .node("P.A", V((), "P.T.1", draft=True))
        .node("P.T", type_with("P.m.1", draft=True))
        .node("P.Z", V((), "P.T.1", draft=True))
    )
    client.load(graph)

    def edit(reference: str) -> Reply:
        values = members({"P.m": [given(value="v")]})
        for _ in range(NUMBER_OF_ROUNDS):
            reply = set_node(client, "force", values, nodeVersionReference=reference)
            assert reply.number == 0, reply.response.text
        return reply

    def edit_type() -> Reply:
        for number in range(NUMBER_OF_ROUNDS):
            reply = set_node(client, "force", nodeVersionReference="P.T", nodeName=f"Type {number}")
            assert reply.number == 0, reply.response.text
        return reply

    def relink() -> Reply:
        for _ in range(NUMBER_OF_ROUNDS):
            reply = checked(force(client.app, "P"))
            assert reply.number in (0, 108), reply.response.text
        return reply

    at_once(threads, lambda: edit("P.A"), lambda: edit("P.Z"), edit_type, relink)
    assert client.update("P", "force").number == 0
    for reference in ("P.A", "P.Z"):
        assert client.get(reference).members() == ["P.m.2 = v"] * NUMBER_OF_ROUNDS
    assert client.get("P.T").text("nodeName") == f"Type {NUMBER_OF_ROUNDS - 1}"


@pytest.mark.ledger("DEC-152")
def test_the_response_of_an_edit_names_the_edition_that_it_wrote(node: Client) -> None:
    """An editor who continues with the edition in a response is refused if others have written since."""
    first = add_value(node, "mine")()
    theirs = add_value(node, "theirs")()
    assert theirs.response.headers["ETag"] != first.response.headers["ETag"]
    assert add_value(node, "again", first.text("nodeEdition"))().number == 106


# Search finds what is in the draft that an update wrote, however it is changed afterwards


def found(client: Client, query: str) -> list[str]:
    reply = client.post(message("Search", {"query": query}))
    return [each.findtext("nodeVersionReference") or "" for each in reply.tree.iterfind("NodeList/Node")]


def edit_value(client: Client) -> None:
    new = members({"P.m": [given(at=1, value="Violet")]})
    assert set_node(client, "update", new, nodeVersionReference="P.N").number == 0


def edit_name(client: Client) -> None:
    new = members({"P.m": [given(at=1, delete=True)]})
    assert set_node(client, "update", new, nodeVersionReference="P.N", nodeName="Violet").number == 0


def import_draft(client: Client) -> None:
    client.load(Graph().node("P.N", V((M("P.m.1", value="Violet"),), "P.T.1", draft=True), first=2))


def freeze_and_edit_the_copy(client: Client) -> None:
    client.freeze("P.N")
    client.copy("P.N", "P.N")
    edit_value(client)


def change_type_and_name(client: Client) -> None:
    assert change_type(client, "P.N", "X.U.1", "force").number == 0
    assert set_node(client, "update", nodeVersionReference="P.N", nodeName="Violet").number == 0


@pytest.mark.parametrize(
    "change", [edit_value, edit_name, import_draft, freeze_and_edit_the_copy, change_type_and_name]
)
def test_search_finds_what_a_change_puts_into_a_draft_of_an_update(
    client: Client, change: Callable[[Client], None]
) -> None:
    client.load(
        Graph()
        .node("P.m", member_type())
        .node("P.k", member_type())
        .node("P.T", type_with("P.m.1", "P.k.1"))
        .node("X.U", type_with("P.k.1"))
        .node("P.B", frozen(), draft())
        .node("P.N", frozen(M("P.m.1", value="Orange"), M("P.k.1", "P.B.1"), type="P.T.1"))
    )
    assert client.update("P", "force").number == 0
    assert found(client, "orange") == ["P.N.2"]
    change(client)
    assert found(client, "orange") == []
    latest = client.get("P.N").text("nodeVersionReference")
    assert found(client, "violet") == [latest]
    used = message("WhereUsed", {"nodeVersionReference": "P.m.1"})
    listed = {use.findtext("nodeVersionReference") for use in client.post(used).tree.iterfind("UseList/Use")}
    has_data = any(member.startswith("P.m.1") for member in client.get("P.N").members())
    assert (latest in listed) == has_data
