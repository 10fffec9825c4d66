"""Deletions beside forces, imports, copies and edits: no link ever leads to a version that does not exist."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from threading import Event
from typing import Protocol

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from app.errors import StateError
from app.nodes.deletion import delete_nodes
from tests.support.builders import Graph, draft, frozen, links
from tests.support.chance import seeded
from tests.support.edits import given, members, set_node
from tests.support.http import Client, message
from tests.support.lock_waits import waiting_sessions
from tests.support.served import eventually

_LOST = text("""
    SELECT n.node_reference || '.' || v.version_number
    FROM node_version v
    LEFT JOIN node n USING (node_identifier)
    CROSS JOIN LATERAL (
      SELECT v.type_node_identifier, v.type_version_number
      UNION ALL SELECT * FROM unnest(v.targets, v.target_numbers)
      UNION ALL SELECT * FROM unnest(v.member_types, v.member_type_numbers)
      UNION ALL SELECT v.node_identifier, v.version_number
    ) AS link (node_identifier, version_number)
    LEFT JOIN node_version found
      ON found.node_identifier = link.node_identifier AND found.version_number = link.version_number
    WHERE link.node_identifier IS NOT NULL AND found.node_identifier IS NULL OR n.node_identifier IS NULL
""")

ROUNDS = 5
NODES = 4


class Act(Protocol):
    """Sends a request with a random choice of nodes, and returns its error number; `sure` says that it cannot fail."""

    def __call__(self, chance: Random, /, *, sure: bool) -> int: ...


def lost_links(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(_LOST).scalars())


def identifiers(engine: Engine, *references: str) -> list[int]:
    with engine.connect() as connection:
        query = text("SELECT node_identifier FROM node WHERE node_reference = ANY (:references)")
        return list(connection.execute(query, {"references": list(references)}).scalars())


def get(client: Client, reference: str) -> int:
    """The error number of GetNode."""
    return client.post(message("GetNode", {"nodeVersionReference": reference})).number


def delete(engine: Engine, *references: str) -> int:
    """Delete nodes, and return how many versions of other nodes prevent this."""
    nodes = identifiers(engine, *references)
    with engine.begin() as connection:
        return len(delete_nodes(connection, nodes))


def test_a_node_goes_with_its_versions_when_nothing_links_to_it(client: Client, engine: Engine) -> None:
    client.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    assert delete(engine, "P.B") == 1
    assert get(client, "P.B.1") == 0
    assert delete(engine, "P.A") == 0
    assert delete(engine, "P.B") == 0
    assert (get(client, "P.A.1"), get(client, "P.B.1")) == (105, 105)
    assert lost_links(engine) == []


@pytest.mark.parametrize("statement", ["DELETE FROM node_version", "DELETE FROM node"])
def test_nothing_else_deletes_a_frozen_version(client: Client, engine: Engine, statement: str) -> None:
    client.load(Graph().node("P.A", frozen()))
    with pytest.raises(DBAPIError, match=r"is frozen|delete_nodes"), engine.begin() as connection:
        connection.execute(text(statement))
    assert get(client, "P.A.1") == 0


def test_a_type_and_a_member_type_in_use_are_not_deleted(client: Client, engine: Engine) -> None:
    (type_node,) = identifiers(engine, "system.NODE_LIST_TYPE")
    (member_type,) = identifiers(engine, "system.NODE_LIST")
    client.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen()))
    with engine.begin() as connection:
        assert len(delete_nodes(connection, [type_node])) == 2
        assert delete_nodes(connection, [member_type]) != []


def test_a_deletion_is_refused_while_a_force_is_at_work(client: Client, engine: Engine) -> None:
    client.load(Graph().node("P.A", frozen(*links("X.B.1"))).node("X.B", frozen(), draft()).node("X.C", frozen()))
    with engine.connect() as editor, ThreadPoolExecutor(1) as other:
        editor.execute(text("SELECT FROM node WHERE node_reference = 'P.A' FOR UPDATE"))
        forced = other.submit(client.update, "P", "force", sourceScope="latest")
        eventually(lambda: waiting_sessions(engine))
        with pytest.raises(StateError, match="in progress"):
            delete(engine, "X.C")
        editor.rollback()
        assert forced.result().rows() != []
    assert delete(engine, "X.C") == 0
    assert delete(engine, "X.B") == 2


@pytest.mark.parametrize("writer", ["import", "copy"])
def test_a_deletion_is_refused_while_a_writer_is_at_work(client: Client, engine: Engine, writer: str) -> None:
    client.load(Graph().node("P.A", draft()).node("P.B", frozen()).node("X.B", frozen()).node("X.C", frozen()))
    requests = {
        "import": Graph().node("P.A", draft(*links("X.B.1"))).xml(),
        "copy": message("CopyNode", {"nodeVersionReferenceFrom": "P.B.1", "nodeReferenceTo": "P.B"}),
    }
    with engine.connect() as editor, ThreadPoolExecutor(1) as other:
        editor.execute(text("SELECT FROM node WHERE node_reference IN ('P.A', 'P.B') FOR UPDATE"))
        written = other.submit(client.post, requests[writer])
        eventually(lambda: waiting_sessions(engine))
        with pytest.raises(StateError, match="in progress"):
            delete(engine, "X.C")
        assert get(client, "X.C.1") == 0
        editor.rollback()
        assert written.result().number == 0
    assert delete(engine, "X.C") == 0
    assert delete(engine, "X.B") == (writer == "import")


@pytest.mark.parametrize("writer", ["import", "copy", "type", "edit"])
def test_a_writer_waits_for_a_deletion_and_then_misses_the_node(client: Client, engine: Engine, writer: str) -> None:
    client.load(Graph().node("P.A", frozen(), draft()).node("X.B", frozen()))
    new_link = members({"system.NODE_LIST": [given(target="X.B.1")]})
    new_type = {"nodeVersionReference": "P.A", "nodeVersionReferenceNewType": "X.B.1", "action": "force"}
    write: dict[str, Callable[[], object]] = {
        "import": lambda: client.post(Graph().node("P.N", frozen(*links("X.B.1"))).xml()).number,
        "copy": lambda: (
            client.post(message("CopyNode", {"nodeVersionReferenceFrom": "X.B.1", "nodeReferenceTo": "P.N"})).number
        ),
        "edit": lambda: set_node(client, "update", new_link, nodeVersionReference="P.A").number,
        "type": lambda: client.post(message("ChangeNodeType", new_type)).number,
    }
    nodes = identifiers(engine, "X.B")
    with ThreadPoolExecutor(1) as other:
        with engine.begin() as connection:
            assert delete_nodes(connection, nodes) == []
            written = other.submit(write[writer])
            eventually(lambda: waiting_sessions(engine))
        assert written.result() == 105
    assert identifiers(engine, "P.N") == []
    assert lost_links(engine) == []


@pytest.mark.soak
def test_deletions_race_with_forces_imports_copies_and_edits(app: Flask, client: Client, engine: Engine) -> None:
    """Each writer repeats its requests until all deletions are done. Every second one is `sure` to succeed, because it
    needs no node that is deleted. In each round of deletions, a node to which nothing links is deleted, and one to
    which a frozen version links is not. What happens to the other nodes depends on the race.
    """
    graph = Graph().node("X.A", frozen()).node("P.A", frozen(*links("X.A.1"))).node("P.E", draft())
    for number in range(ROUNDS):
        graph.node(f"X.Free{number}", frozen())
    client.load(graph)
    seeds = seeded().sample(range(2**32), 5)
    all_deleted = Event()

    def imports(chance: Random, *, sure: bool) -> int:
        graph = Graph()
        for number in chance.sample(range(NODES), 2):
            graph.node(f"X.N{number}", frozen())
            graph.node(f"P.M{number}", draft(*links(f"X.N{number if sure else chance.randrange(NODES)}.1")))
        return Client(app).post(graph.xml()).number

    def copies(chance: Random, *, sure: bool) -> int:
        names = {
            "nodeVersionReferenceFrom": "P.A.1" if sure else f"P.M{chance.randrange(NODES)}",
            "nodeReferenceTo": f"P.C{chance.randrange(10**6)}",
        }
        return Client(app).post(message("CopyNode", names)).number

    def forces(_: Random, *, sure: bool) -> int:
        by, context = Client(app), "P.A" if sure else "P"
        return by.update(context, "force", sourceScope="latest", alwaysCreateNewVersionIndicator="true").number

    def edits(chance: Random, *, sure: bool) -> int:
        names = {
            "nodeVersionReference": "P.E" if sure else f"P.M{chance.randrange(NODES)}",
            "nodeVersionReferenceNewType": "X.A" if sure else f"X.N{chance.randrange(NODES)}",
            "action": "force",
        }
        return Client(app).post(message("ChangeNodeType", names)).number

    def deletes(chance: Random) -> None:
        try:
            for number in range(ROUNDS):
                with suppress(StateError):
                    delete(engine, f"{chance.choice(['X.N', 'P.M'])}{chance.randrange(NODES)}")
                assert when_possible(f"X.Free{number}") == 0
                assert when_possible("X.A") > 0
        finally:
            all_deleted.set()

    def when_possible(reference: str) -> int:
        """Delete a node, again and again while writers are at work."""
        found: list[int] = []

        def is_decided() -> bool:
            with suppress(StateError):
                found.append(delete(engine, reference))
            return bool(found)

        eventually(is_decided)
        return found[0]

    def repeated(act: Act, chance: Random) -> tuple[set[int], set[int]]:
        numbers: tuple[set[int], set[int]] = (set(), set())
        while not (numbers[0] and numbers[1] and all_deleted.is_set()):
            for sure in (True, False):
                numbers[sure].add(act(chance, sure=sure))
        return numbers

    with ThreadPoolExecutor(5) as others:
        *writing, deleting = (Random(seed) for seed in seeds)  # noqa: S311
        acts: tuple[Act, ...] = (imports, copies, forces, edits)
        done = [others.submit(repeated, act, chance) for act, chance in zip(acts, writing, strict=True)]
        others.submit(deletes, deleting).result()
        numbers = [each.result() for each in done]
    for act, (others_found, sure_found) in zip(acts, numbers, strict=True):
        assert sure_found == {0}, act
        assert others_found <= {0, 105, 106, 108}, act
    assert get(client, "X.A.1") == 0
    assert {get(client, f"X.Free{number}.1") for number in range(ROUNDS)} == {105}
    assert lost_links(engine) == []
