"""UpdateNodeVersions: one commit per node, while others work on the same nodes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from tests.support.at_once import chain, force, held, interrupted, number, send, wait_until_done
from tests.support.builders import LIST, Graph, M, V, draft, frozen, links, moves, package, type_with
from tests.support.http import Client, checked

DEADLOCK = "40P01"


def wide(width: int) -> Graph:
    """Nodes in P above nodes in P.sub, each a link above the next, and at the bottom P.sub.Z, which has a draft."""
    graph = Graph().node("P", package()).node("P.sub", package()).node("P.sub.Z", frozen(), draft())
    for i in range(width):
        graph.node(f"P.A{i:02}", frozen(*links(f"P.sub.B{i:02}.1", "P.sub.Z.1")))
        graph.node(f"P.sub.B{i:02}", frozen(*links(f"P.sub.B{i + 1:02}.1" if i + 1 < width else "P.sub.Z.1")))
    return graph


# One commit per node


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


@pytest.mark.ledger("UNV-34")
def test_each_node_is_committed_when_it_is_updated_and_is_free_then(
    client: Client, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    client.load(chain())
    with held(engine, "P.A"):
        run = threads.submit(force, client.app, "P")
        wait_until_done(client, 2)
        assert client.get("P.B").members() == [f"{LIST} -> P.C.2"]
        client.freeze("P.C")
        assert not run.done()
    rows = [f"P.A.2 version: {moves('P.B.2')}", f"P.B.2 version: {moves('P.C.2')}", f"P.C.2 version: {moves('P.D.2')}"]
    assert checked(run.result()).rows() == rows
    assert client.get("P.C").text("nodeFrozenVersionNumber") == "2"
    assert client.update("P").rows() == []


@pytest.mark.ledger("UNV-34")
def test_a_draft_that_an_editor_makes_meanwhile_is_changed_and_keeps_what_the_editor_wrote(
    client: Client, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    client.load(chain())
    with interrupted(client, engine, threads) as run:
        edited = V((M(LIST, "P.E.1", comment="new"), M(LIST, "P.B.1")), draft=True, name="Axle")
        client.load(Graph().node("P.A", edited, first=2))
    reply = checked(run.result())
    assert (reply.number, reply.rows()[0]) == (0, f"P.A.2 change: {moves('P.B.2')}")
    assert client.get("P.A").members() == [f"{LIST} -> P.E.1 (new)", f"{LIST} -> P.B.2"]
    assert client.get("P.A").text("nodeName") == "Axle"


@pytest.mark.ledger("UNV-34", "DEC-35")
def test_a_draft_that_an_editor_freezes_meanwhile_gets_a_new_version(
    client: Client, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    client.load(chain().node("P.A", draft(*links("P.B.1"))))
    with interrupted(client, engine, threads) as run:
        client.freeze("P.A")
    reply = checked(run.result())
    assert (reply.number, reply.rows()[0]) == (0, f"P.A.2 version: {moves('P.B.2')}")
    assert client.get("P.A.1").members() == [f"{LIST} -> P.B.1"]


@pytest.mark.ledger("UNV-34")
def test_a_node_that_an_editor_moves_on_meanwhile_is_left_to_them(
    client: Client, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    client.load(chain())
    with interrupted(client, engine, threads) as run:
        client.load(Graph().node("P.A", draft(*links("P.E.1")), first=2))
    rows = [f"P.B.2 version: {moves('P.C.2')}", f"P.C.2 version: {moves('P.D.2')}"]
    assert checked(run.result()).rows() == rows
    assert client.get("P.A").members() == [f"{LIST} -> P.E.1"]


@pytest.mark.ledger("UNV-34")
def test_a_draft_that_an_editor_gives_another_type_meanwhile_keeps_that(
    client: Client, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    graph = chain().node("P.A", V(links("P.B.1"), "P.T.1", draft=True))
    client.load(
        graph.node("P.T", type_with(LIST), type_with(LIST, draft=True)).node("Q.U", type_with(LIST), type_with(LIST))
    )
    with interrupted(client, engine, threads) as run:
        client.load(Graph().node("P.A", V(links("P.E.1"), "Q.U.1", draft=True)))
    rows = [f"P.B.2 version: {moves('P.C.2')}", f"P.C.2 version: {moves('P.D.2')}"]
    assert checked(run.result()).rows() == rows
    assert client.get("P.A").text("nodeVersionReferenceType") == "Q.U.1"


@pytest.mark.ledger("UNV-33", "DEC-26")
def test_a_second_run_in_the_same_package_is_refused_and_the_first_one_named(
    client: Client, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    client.load(chain().node("P.s.A", frozen()).node("Q.A", frozen()))
    with interrupted(client, engine, threads) as run:
        for reference in ("P", "P.s", "P.B"):
            reply = client.update(reference, "force")
            assert (reply.number, reply.status) == (106, 200)
            assert "run 1 " in (reply.text("errorDescription") or "")
        assert client.update("Q", "force").number == 0
        assert client.update("P").number == 0
    assert number(run.result()) == "0"
    assert client.update("P", "force").number == 0


# Many at once


@pytest.mark.ledger("UNV-34")
@pytest.mark.parametrize("attempt", range(3))
def test_two_clients_that_force_overlapping_packages_lose_no_update(
    client: Client, threads: ThreadPoolExecutor, attempt: int
) -> None:
    width = 30
    client.load(wide(width))
    start = Barrier(2)

    def until_it_is_done(reference: str) -> TestResponse:
        start.wait()
        while number(response := force(client.app, reference)) == "106":
            pass
        return response

    runs = [threads.submit(until_it_is_done, reference) for reference in ("P", "P.sub")]
    replies = [checked(run.result()) for run in runs]
    assert [reply.number for reply in replies] == [0, 0]
    made = [row["nodeReference"] for reply in replies for row in reply.updates() if row["updateType"] == "version"]
    assert len(made) == len(set(made)) == 2 * width
    for reference in ("P", "P.sub"):
        assert client.update(reference).rows() == []
    for reference in made:
        shown = client.get(reference)
        assert shown.text("nodeVersionNumber") == "2"
        assert all(member.endswith(".2") for member in shown.members())


@pytest.mark.soak
@pytest.mark.ledger("UNV-34")
def test_a_run_and_an_editor_of_the_same_nodes_lose_nothing_to_each_other(
    client: Client, threads: ThreadPoolExecutor
) -> None:
    width = 12
    client.load(wide(width))
    names = [f"P.A{i:02}" for i in range(width)] + [f"P.sub.B{i:02}" for i in range(width)]
    before = {name: client.get(f"{name}.1").response.data for name in names}
    start, edited = Barrier(2), Event()

    def edit() -> list[tuple[str, str, TestResponse]]:
        """Freeze and copy nodes from the top down, while the run begins at the bottom."""
        start.wait()
        try:
            return [
                response
                for name in names
                for response in (
                    ("freeze", name, send(client.app, "FreezeNode", nodeReference=name, action="force")),
                    ("copy", name, send(client.app, "CopyNode", nodeVersionReferenceFrom=name, nodeReferenceTo=name)),
                )
            ]
        finally:
            edited.set()

    def relink() -> list[TestResponse]:
        start.wait()
        responses = [force(client.app, "P")]
        while not edited.is_set():
            responses.append(force(client.app, "P"))
        return responses

    editor, relinker = threads.submit(edit), threads.submit(relink)
    for action, name, response in editor.result():
        reply = checked(response)
        assert reply.number in ((0,) if action == "freeze" else (0, 105)), reply.response.text
        written = int(reply.text("nodeVersionNumber") or 0)
        assert int(client.get(name).text("nodeVersionNumber") or 0) >= written
    for response in relinker.result():
        reply = checked(response)
        assert reply.number in (0, 108), reply.response.text
        assert DEADLOCK not in reply.response.text
    assert client.update("P", "force").number == 0
    assert client.update("P").rows() == []
    assert {name: frozen_before(client, name) for name in names} == {name: strip(data) for name, data in before.items()}


def strip(response: bytes) -> bytes:
    """A GetNode response without the frozen number, which belongs to the node and grows."""
    head, _, rest = response.partition(b"<nodeFrozenVersionNumber>")
    return head + rest.partition(b"</nodeFrozenVersionNumber>")[2]


def frozen_before(client: Client, name: str) -> bytes:
    return strip(client.get(f"{name}.1").response.data)
