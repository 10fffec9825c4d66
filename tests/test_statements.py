"""Hot paths send few statements, and no more of them where there is more to read or to write."""

from __future__ import annotations

from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import Client
from tests.support.solution_store import Store, config_slot
from tests.support.statements import Statements

MANY = 12


def catalog(name: str, widgets: int) -> Graph:
    """A package with a bolt that has a draft, and widgets that each link to its first version."""
    graph = Graph().node(f"{name}.Bolt", frozen(), draft())
    for number in range(widgets):
        graph.node(f"{name}.Widget{number}", frozen(*links(f"{name}.Bolt.1")))
    return graph


def test_get_node_however_many_members_there_are(client: Client, statements: Statements) -> None:
    client.load(
        Graph()
        .node("P.B", frozen())
        .node("P.One", draft(*links("P.B.1")))
        .node("P.Many", draft(*links(*["P.B.1"] * MANY)))
    )
    counts = []
    for reference, members in (("P.One", 1), ("P.Many", MANY)):
        client.get(reference)
        with statements.sent() as sent:
            assert len(client.get(reference).members()) == members
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 6


def test_impact_however_many_nodes_follow(client: Client, statements: Statements) -> None:
    client.load(catalog("One", 1))
    client.load(catalog("Many", MANY))
    counts = []
    for package, rows in (("One", 1), ("Many", MANY)):
        client.update(package)
        with statements.sent() as sent:
            assert len(client.update(package).updates()) == rows
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 10


def test_get_solution_instances_however_many_there_are(store: Store, statements: Statements) -> None:
    one, many = (store.published(config=[config_slot("a")]) for _ in range(2))
    ann = store.user()
    for solution, instances in ((one, 1), (many, MANY)):
        for _ in range(instances):
            store.instance(solution, ann, config={"a": '"x"'})
    counts = []
    for solution, instances in ((one, 1), (many, MANY)):
        store.find(solutionId=solution)
        with statements.sent() as sent:
            assert len(store.find(solutionId=solution)) == instances
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 8


def test_upgrade_solution_instance_however_many_values_it_holds(store: Store, statements: Statements) -> None:
    names = [f"slot-{number}" for number in range(MANY)]
    slots = list(map(config_slot, names))
    solution = store.published(config=slots)
    instances = [store.instance(solution, config=dict.fromkeys(held, '"x"')) for held in (names, names[:1], names)]
    store.republish(solution, config=[*slots, config_slot("new")])
    store.upgrade(instances[0])
    counts = []
    for instance, values in zip(instances[1:], (2, MANY + 1), strict=True):
        with statements.sent() as sent:
            assert len(store.upgrade(instance, config={"new": '"x"'}).config) == values
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 11
