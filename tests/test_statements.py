"""Hot paths send few statements in few round trips, and not more if there is more to read or to write."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from app.identity.rights import MOST_KNOWN
from tests.support.builders import Graph, M, draft, frozen, links, member_type, moves, type_with
from tests.support.http import Client
from tests.support.round_trips import RoundTrips
from tests.support.solution_store import Store, config_slot, values
from tests.support.statements import Statements

MANY = 12


def catalog(name: str, widgets: int) -> Graph:
    """A package with a bolt that has a draft, and widgets that each link to its first version."""
    graph = Graph().node(f"{name}.Bolt", frozen(), draft())
    for number in range(widgets):
        graph.node(f"{name}.Widget{number}", frozen(*links(f"{name}.Bolt.1")))
    return graph


def _listing(version: str) -> tuple[M, ...]:
    """The members of a manifest that lists a version."""
    return links(version, member_type="system.MANIFEST_ITEMS.1")


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
    assert counts[0] == counts[1] <= 2


def test_impact_however_many_nodes_follow(client: Client, statements: Statements) -> None:
    client.load(catalog("One", 1))
    client.load(catalog("Many", MANY))
    counts = []
    for package, rows in (("One", 1), ("Many", MANY)):
        client.update(package)
        with statements.sent() as sent:
            assert len(client.update(package).updates()) == rows
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 5


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
    assert counts[0] == counts[1] <= 3


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
    assert counts[0] == counts[1] <= 5


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


def test_a_roll_out_takes_the_same_statements_for_many_instances_whatever_it_is_given(
    store: Store, statements: Statements
) -> None:
    """One statement reads some instances, and one call moves them, with a commit for each."""
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
    assert counts[2] == counts[1]


@pytest.mark.ledger("DEC-190")
def test_a_small_impact_takes_at_most_five_round_trips(
    client: Client, make_user: Callable[..., None], round_trips: RoundTrips
) -> None:
    """This also holds for a caller with single permissions, from whom a draft is hidden and whose rows are refused."""
    client.load(catalog("One", 1))
    client.load(catalog("Many", MANY))
    make_user("ann", "package-administer One", "package-read Many")
    for user, package, rows in (("admin", "One", 1), ("admin", "Many", MANY), ("ann", "One", 1), ("ann", "Many", 0)):
        by = client.as_user(user)
        by.update(package)
        with round_trips.counted() as counts:
            assert len(by.update(package).updates()) == rows
        assert counts[0] <= 5, (user, package)


def test_an_impact_with_nothing_to_do_takes_two_round_trips(client: Client, round_trips: RoundTrips) -> None:
    client.load(catalog("P", MANY))
    client.update("P.Widget1", content=False)
    with round_trips.counted() as counts:
        assert client.update("P.Bolt", content=False).updates() == []
    assert counts == [2]


@pytest.mark.ledger("DEC-190")
@pytest.mark.parametrize(
    ("scope", "source", "moved"),
    [
        ("node", "", ["P.Nut.2"]),
        ("latest", "", ["P.Nut.2", "Q.Bolt.2"]),
        ("latest", "Q", ["Q.Bolt.2"]),
        ("current", "", ["P.Nut.2", "Q.Bolt.2"]),
        ("current", "Q", ["Q.Bolt.2"]),
        ("manifest", "M.$draft", ["Q.Bolt.2"]),
        ("manifest", "M.$current", ["P.Nut.2"]),
    ],
)
def test_a_small_impact_takes_at_most_five_round_trips_wherever_its_sources_are(
    client: Client, make_user: Callable[..., None], round_trips: RoundTrips, scope: str, source: str, moved: list[str]
) -> None:
    """The types in use have different lists, so that the references of member types are read for the order of rows."""
    client.load(
        Graph()
        .node("T.m", member_type())
        .node("T.t", type_with("T.m.1"))
        .node("Q.Bolt", frozen(), frozen())
        .node("P.Nut", frozen(), frozen())
        .node("P.Widget", frozen(*links("P.Nut.1", "Q.Bolt.1")))
        .node("P.Page", frozen(*links("P.Nut.1", "Q.Bolt.1", member_type="T.m.1"), type="T.t.1"))
        .node("M", frozen(*_listing("P.Nut.2")), draft(*_listing("Q.Bolt.2")))
    )
    make_user("ann", "package-administer P", "package-read Q", "package-link Q", "node-use-draft M", "package-read T")
    for user in ("admin", "ann"):
        by = client.as_user(user)
        by.update("P", sourceScope=scope, sourceReference=source)
        with round_trips.counted() as counts:
            reply = by.update("P", sourceScope=scope, sourceReference=source)
        assert reply.rows() == [
            f"P.Page.1 version: {moves(*moved, member_type='T.m.1')}",
            f"P.Widget.1 version: {moves(*moved)}",
        ]
        assert counts[0] <= 5, user


def changing_types() -> Graph:
    """A type whose new version lists a new version of a member type, with data of the old one; and a draft type, with a
    draft of this type, whose member type has a new version."""
    return (
        Graph()
        .node("T.m", member_type(), member_type(USE_VALUE="true"))
        .node("T.t", type_with("T.m.1"), type_with("T.m.2"))
        .node("Q.Bolt", frozen(), frozen())
        .node("P.A", frozen(M("T.m.1", "Q.Bolt.1"), type="T.t.1"))
        .node("P.B", frozen(M("T.m.1", "P.A.1", value="x"), *links("Q.Bolt.1"), type="T.t.1"))
        .node("R.m", member_type(), member_type(draft=True))
        .node("R.t", type_with("R.m.1", draft=True))
        .node("R.N", draft(M("R.m.1", value="x"), type="R.t.1"))
    )


@pytest.mark.ledger("DEC-190")
@pytest.mark.parametrize(
    ("package", "scope", "rows"), [("P", "latest", 2), ("P", "current", 2), ("P", "manifest", 2), ("R", "node", 1)]
)
def test_a_small_impact_that_changes_types_takes_at_most_five_round_trips(
    client: Client, make_user: Callable[..., None], round_trips: RoundTrips, package: str, scope: str, rows: int
) -> None:
    client.load(changing_types().node("M", frozen(*_listing("T.t.2"), *_listing("T.m.2"))))
    make_user(
        "ann", "package-administer P", "package-administer R", "package-link Q", "package-use-type T", "node-read M"
    )
    for user in ("admin", "ann"):
        by = client.as_user(user)
        by.update(package, sourceScope=scope, sourceReference="M" if scope == "manifest" else "")
        with round_trips.counted() as counts:
            reply = by.update(package, sourceScope=scope, sourceReference="M" if scope == "manifest" else "")
        assert (reply.number, len(reply.updates())) == (0, rows)
        assert counts[0] <= 5, user


def test_get_node_takes_two_round_trips(
    client: Client, make_user: Callable[..., None], round_trips: RoundTrips
) -> None:
    client.load(Graph().node("P.B", frozen()).node("P.Many", frozen(*links(*["P.B.1"] * MANY)), draft()))
    make_user("ann", "package-read P")
    for user, members in (("admin", 0), ("ann", MANY)):
        by = client.as_user(user)
        by.get("P.Many")
        with round_trips.counted() as counts:
            assert len(by.get("P.Many").members()) == members
        assert counts == [2]


def test_get_solution_instances_takes_five_round_trips(store: Store, round_trips: RoundTrips) -> None:
    solution = store.published(config=[config_slot("a")])
    ann = store.user()
    for _ in range(MANY):
        store.instance(solution, ann, config={"a": '"x"'})
    store.find(solutionId=solution)
    with round_trips.counted() as counts:
        assert len(store.find(solutionId=solution)) == MANY
    assert counts[0] <= 5


def test_upgrade_solution_instance_takes_five_round_trips(store: Store, round_trips: RoundTrips) -> None:
    solution = store.published(config=[config_slot("a")])
    instances = [store.instance(solution, config={"a": '"x"'}) for _ in range(2)]
    store.republish(solution, config=[config_slot("a"), config_slot("b")])
    store.upgrade(instances[0], config={"b": '"x"'})
    with round_trips.counted() as counts:
        assert set(store.upgrade(instances[1], config={"b": '"x"'}).config) == {"a", "b"}
    assert counts[0] <= 5


@pytest.mark.ledger("DEC-191")
def test_a_connection_that_the_server_has_just_ended_is_replaced(client: Client, engine: Engine) -> None:
    client.load(Graph().node("P.B", frozen()))
    assert client.get("P.B").number == 0
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        assert client.get("P.B").number == 0
    assert client.get("P.B").number == 0


@pytest.mark.ledger("DEC-192")
def test_a_caller_with_very_many_permissions_reads_the_same(
    client: Client, make_user: Callable[..., None], engine: Engine
) -> None:
    graph = catalog("P", 1)
    for number in range(MOST_KNOWN):
        graph.node(f"Q.N{number}", frozen())
    client.load(graph)
    make_user("ann", "package-administer P")
    ann = client.as_user("ann")
    hidden = "<GetNode><nodeVersionReference>Q.N0</nodeVersionReference></GetNode>"
    rows, members = ann.update("P").rows(), ann.get("P.Widget0").members()
    assert (len(rows), len(members), ann.post(hidden).number) == (1, 1, 101)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO permission (permission_type, user_group_identifier, node_identifier)"
                " SELECT 'node-read', g.user_group_identifier, n.node_identifier FROM user_group g, node n"
                " WHERE g.user_group_reference = 'ann' AND starts_with(n.node_reference, 'Q.N')"
            )
        )
    assert (ann.update("P").rows(), ann.get("P.Widget0").members(), ann.post(hidden).number) == (rows, members, 0)
