"""The number of statements of a request does not depend on how much it writes, finds or publishes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from tests.support.builders import LIST, Graph, draft, frozen, links, package
from tests.support.edits import given, members, set_node
from tests.support.http import Client, Reply, message
from tests.support.solution_store import Store, config_slot, slots
from tests.support.statements import Statements
from tests.test_statements import MANY, catalog

SIZES = {"First": 1, "One": 1, "Many": MANY}
"""What a process reads only once, it reads for the first request."""


def counted(statements: Statements, request: Callable[[str], Reply], most: int) -> None:
    """Send a request for each of SIZES by its name. One thing and many take equally many statements, at most `most`."""
    counts = {}
    for name in SIZES:
        with statements.sent() as sent:
            reply = request(name)
        assert reply.number == 0, reply.response.text
        counts[name] = len(sent)
    assert counts["One"] == counts["Many"] <= most, counts


def test_a_force_sends_as_many_statements_for_many_nodes_as_for_one(client: Client, statements: Statements) -> None:
    """The procedure `apply_run` does the steps of all nodes."""
    for name, widgets in SIZES.items():
        client.load(catalog(name, widgets))

    def force(name: str) -> Reply:
        reply = client.update(name, "force")
        assert len(reply.updates()) == SIZES[name]
        return reply

    counted(statements, force, 34)


def test_an_import_sends_as_many_statements_for_many_nodes_as_for_one(client: Client, statements: Statements) -> None:
    counted(statements, lambda name: client.load(catalog(name, SIZES[name])), 20)


def test_a_freeze_sends_as_many_statements_for_many_drafts_as_for_one(client: Client, statements: Statements) -> None:
    """This includes the row of the audit for each of them."""
    for name, drafts in SIZES.items():
        graph = Graph().node(name, package())
        for number in range(drafts):
            graph.node(f"{name}.N{number}", draft())
        client.load(graph)

    def freeze(name: str) -> Reply:
        asked = {"nodeReference": name, "action": "force", "freezeContentIndicator": "true"}
        reply = client.post(message("FreezeNode", asked))
        assert len(reply.tree.findall("NodeList/Node")) == SIZES[name]
        return reply

    counted(statements, freeze, 15)


def test_an_edit_sends_as_many_statements_for_many_members_as_for_one(client: Client, statements: Statements) -> None:
    graph = Graph().node("P.B", frozen())
    for name in SIZES:
        graph.node(f"P.{name}", draft())
    client.load(graph)

    def edit(name: str) -> Reply:
        added = members({LIST: [given(target="P.B.1")] * SIZES[name]})
        reply = set_node(client, "update", added, nodeVersionReference=f"P.{name}")
        assert len(client.get(f"P.{name}").members()) == SIZES[name]
        return reply

    counted(statements, edit, 24)


@pytest.mark.parametrize(
    ("service", "field", "found", "most"),
    [("Search", "query", "NodeList/Node", 4), ("WhereUsed", "nodeVersionReference", "UseList/Use", 9)],
)
def test_a_search_sends_as_many_statements_for_many_hits_as_for_one(
    client: Client, statements: Statements, service: str, field: str, found: str, most: int
) -> None:
    graph = Graph()
    for name, hits in SIZES.items():
        graph.node(f"{name}.Bolt", frozen())
        for number in range(hits):
            graph.node(f"{name}.Widget{number}", frozen(*links(f"{name}.Bolt.1"), name=f"word{name}"))
    client.load(graph)

    def search(name: str) -> Reply:
        reply = client.post(message(service, {field: f"word{name}" if service == "Search" else f"{name}.Bolt.1"}))
        assert len(reply.tree.findall(found)) == SIZES[name]
        return reply

    counted(statements, search, most)


def test_publishing_sends_as_many_statements_for_many_slots_and_instances_as_for_one(
    store: Store, statements: Statements
) -> None:
    solutions = {}
    for name, amount in SIZES.items():
        solutions[name] = store.published(config=[config_slot("a")])
        for _ in range(amount):
            store.instance(solutions[name], config={"a": '"x"'})
        added = [config_slot(f"slot-{number}") for number in range(amount)]
        store.set(*slots(config=added), solution=solutions[name])
    counted(statements, lambda name: store.publish(solutions[name]), 10)


def test_publishing_takes_the_same_statements_for_a_thousand_instances_as_for_none(
    store: Store, statements: Statements, engine: Engine
) -> None:
    """Lazy updates find the instances afterwards: a publication writes no row of an instance."""
    counts = []
    for instances in (0, 0, 10, 1000):
        solution = store.published(config=[config_slot("a")])
        if instances:
            copied = store.instance(solution, config={"a": '"x"'})
            with engine.begin() as connection:
                connection.execute(_COPIES, {"instance": copied, "copies": instances - 1})
        store.set(*slots(config=[config_slot("a"), config_slot("b", mandatory=False)]), solution=solution)
        before = rows_of_instances(engine)
        with statements.sent() as sent:
            reply = store.publish(solution)
        assert (reply.text("instancesAutomatic"), reply.text("releaseNumber")) == (str(instances), "2")
        assert rows_of_instances(engine) == before
        counts.append(len(sent))
    assert counts[1] == counts[2] == counts[3] <= 10, counts


_COPIES = text("""
    WITH copy AS (
      INSERT INTO solution_instance (solution_identifier, release_number, owner, name, enabled)
      SELECT i.solution_identifier, i.release_number, i.owner, i.name, true
      FROM solution_instance i, generate_series(1, :copies)
      WHERE i.instance_identifier = :instance
      RETURNING instance_identifier
    )
    INSERT INTO instance_value (instance_identifier, slot_kind, external_identifier, value, given_for)
    SELECT c.instance_identifier, v.slot_kind, v.external_identifier, v.value, v.given_for
    FROM copy c, instance_value v
    WHERE v.instance_identifier = :instance
""")


def rows_of_instances(engine: Engine) -> list[tuple[str, str]]:
    """Each row of an instance with the transaction that wrote it."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT instance_identifier::text, xmin::text FROM solution_instance"))
        return sorted((row[0], row[1]) for row in rows)
