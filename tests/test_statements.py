"""Hot paths send few statements, and no more of them where there is more to read or to write."""

from __future__ import annotations

from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import Client
from tests.support.solution_store import Store, config_slot, values
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
    for instance, held in zip(instances[1:], (2, MANY + 1), strict=True):
        with statements.sent() as sent:
            assert len(store.upgrade(instance, config={"new": '"x"'}).config) == held
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 4


def test_update_solution_instance_however_many_values_are_given(store: Store, statements: Statements) -> None:
    names = [f"slot-{number}" for number in range(MANY)]
    instance = store.instance(store.published(config=map(config_slot, names)))
    store.update(instance, config={"slot-0": '"x"'})
    counts = []
    for given in (1, MANY):
        with statements.sent() as sent:
            assert len(store.update(instance, config=dict.fromkeys(names[:given], '"y"')).config) == given
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 5


def test_a_roll_out_takes_four_statements_for_each_instance_whatever_it_is_given(
    store: Store, statements: Statements
) -> None:
    """One asks whether the run was cancelled, one locks and reads, one moves, and one records the outcome."""
    slots = [config_slot(f"slot-{number}", hidden=True) for number in range(MANY)]
    counts = []
    for instances, given in ((1, 1), (1, 1), (1 + MANY, MANY)):
        solution = store.published(config=slots)
        for _ in range(instances):
            store.instance(solution, config={"slot-0": '"x"'})
        store.republish(solution, config=slots)
        lists = values({f"slot-{number}": '"y"' for number in range(given)})
        with statements.sent() as sent:
            reply = store.done("UpdateSolutionInstances", *lists, solutionId=solution, action="force")
        assert len(reply.tree.findall("UpdateList/Update")) == instances
        counts.append(len(sent))
    assert counts[2] - counts[1] == 4 * MANY
