"""The oracle compared with the worked examples, and with the promises of the specification about any store."""

from tests.updates.oracle import force, impact
from tests.updates.oracle_model import (
    MAXIMUM_CARDINALITY,
    MEMBER_TYPE_LIST,
    MINIMUM_CARDINALITY,
    USE_VALUE,
    VALUE_PATTERN,
    Link,
    Member,
    MemberRow,
    Node,
    Request,
    Result,
    Row,
    Store,
    Version,
)
from tests.updates.system_store import MEMBER_TYPE_CLASS, PACKAGE_LISTING, TYPE_TYPE, system_rights, system_store

PACKAGE: Link = (PACKAGE_LISTING, 1)
TYPE: Link = (TYPE_TYPE, 1)
MEMBER_TYPE: Link = (MEMBER_TYPE_CLASS, 1)
PART: Link = ("W.part", 1)
THING: Link = ("W.Thing", 1)


class World:
    """A store built by hand; W.Thing is a type with the member type W.part."""

    def __init__(self) -> None:
        self.store = Store(system_store(), system_rights())
        for package in ("P", "X", "W"):
            self.add(package, PACKAGE)
        self.add("W.part", MEMBER_TYPE)
        self.add("W.Thing", TYPE, Member((MEMBER_TYPE_LIST, 1), 1, target=PART))

    def add(self, reference: str, of_type: Link, *members: Member, draft: bool = False) -> None:
        """The next version of a node, with all rights on it."""
        node = self.store.nodes.setdefault(reference, Node(reference, 0, {}))
        number = len(node.versions) + 1
        node.versions[number] = Version(of_type, list(members), reference)
        if not draft:
            node.frozen = number
        self.store.rights[reference] = {"administer"}

    def thing(self, reference: str, *targets: Link, draft: bool = False) -> None:
        members = [Member(PART, index, target=target) for index, target in enumerate(targets, start=1)]
        self.add(reference, THING, *members, draft=draft)


def change(target: Link, member_type: Link = PART) -> MemberRow:
    return MemberRow(member_type, "change", target)


def relink(world: World, request: Request | None = None) -> tuple[Result, Store, Result]:
    request = request or Request("P")
    forecast = impact(world.store, request)
    done, result = force(world.store, request)
    return forecast, done, result


def chain() -> World:
    world = World()
    world.thing("P.A", ("P.B", 1))
    world.thing("P.B", ("P.C", 1))
    world.thing("P.C")
    world.thing("P.C", draft=True)
    return world


def test_a_new_draft_takes_its_user_along() -> None:
    world = World()
    world.thing("P.A", ("P.B", 1))
    world.thing("P.B")
    world.thing("P.B", draft=True)
    forecast, done, result = relink(world)
    assert forecast.rows == (Row("P.A", 1, "version", members=(change(("P.B", 2)),)),)
    assert result.rows == (Row("P.A", 2, "version", members=(change(("P.B", 2)),)),)
    assert done.nodes["P.A"].frozen == 1
    assert [member.target for member in done.nodes["P.A"].versions[2].members] == [("P.B", 2)]
    assert impact(done, Request("P")) == Result(())


def test_a_chain_follows_to_its_top() -> None:
    forecast, _, _ = relink(chain())
    assert forecast.rows == (
        Row("P.A", 1, "version", members=(change(("P.B", 2)),)),
        Row("P.B", 1, "version", members=(change(("P.C", 2)),)),
    )


def test_a_cycle_gets_one_version_each() -> None:
    world = World()
    world.thing("P.A", ("P.B", 1))
    world.thing("P.B", ("P.A", 1), ("P.C", 1))
    world.thing("P.C")
    world.thing("P.C", draft=True)
    forecast, done, _ = relink(world)
    assert forecast.rows == (
        Row("P.A", 1, "version", members=(change(("P.B", 2)),)),
        Row("P.B", 1, "version", members=(change(("P.A", 2)), change(("P.C", 2)))),
    )
    assert [member.target for member in done.nodes["P.B"].versions[2].members] == [("P.A", 2), ("P.C", 2)]


def test_each_scope_has_its_own_source() -> None:
    world = World()
    world.thing("P.A")
    world.thing("P.A", ("X.Y", 1), draft=True)
    world.thing("X.Y")
    world.thing("X.Y")
    world.thing("X.Y", draft=True)

    def rows(request: Request) -> tuple[Row, ...]:
        return impact(world.store, request).rows

    to_2 = Row("P.A", 2, "change", members=(change(("X.Y", 2)),))
    to_3 = Row("P.A", 2, "change", members=(change(("X.Y", 3)),))
    assert rows(Request("P", scope="node")) == ()
    assert rows(Request("P", scope="current")) == (to_2,)
    assert rows(Request("P", scope="latest")) == (to_3,)
    world.store.rights["X.Y"] = {"link"}
    assert rows(Request("P", scope="latest")) == (to_2,)


def test_a_type_follows_its_member_types_and_data_moves() -> None:
    world = World()
    world.add("P.m", MEMBER_TYPE)
    world.add("P.m", MEMBER_TYPE, draft=True)
    world.add("P.T", TYPE, Member((MEMBER_TYPE_LIST, 1), 1, target=("P.m", 1)))
    world.add("P.N", ("P.T", 1), Member(("P.m", 1), 1, value="data", comment="lost"))
    forecast, done, _ = relink(world)
    assert forecast.rows == (
        Row("P.N", 1, "version", type=("P.T", 2)),
        Row("P.T", 1, "version", members=(change(("P.m", 2), (MEMBER_TYPE_LIST, 1)),)),
    )
    assert done.nodes["P.N"].versions[2] == Version(("P.T", 2), [Member(("P.m", 2), 1, value="data")], "P.N")


def test_a_lost_member_type_removes_data_of_new_versions_only() -> None:
    for draft in (False, True):
        world = World()
        world.add("X.m", MEMBER_TYPE)
        world.add("X.T", TYPE, Member((MEMBER_TYPE_LIST, 1), 1, target=("X.m", 1)))
        world.add("X.T", TYPE)
        members = [Member(("X.m", 1), sequence, value="data") for sequence in (1, 2)]
        world.add("P.N", ("X.T", 1), *members, draft=draft)
        forecast, done, _ = relink(world, Request("P", scope="current"))
        if draft:
            assert forecast.rows == (Row("P.N", 1, "warning", reasons=frozenset({"type"})),)
            assert done.nodes["P.N"] == world.store.nodes["P.N"]
        else:
            gone = MemberRow(("X.m", 1), "remove", None)
            assert forecast.rows == (Row("P.N", 1, "version", type=("X.T", 2), members=(gone,)),)
            assert done.nodes["P.N"].versions[2].members == []


def test_nothing_follows_a_blocked_node() -> None:
    world = chain()
    world.store.rights["P.B"] = {"link"}
    forecast, done, result = relink(world)
    assert forecast.rows == (Row("P.B", 1, "warning", reasons=frozenset({"administer"})),)
    assert (result, done) == (forecast, world.store)
    world.store.rights["P.B"] = set()
    assert impact(world.store, Request("P")) == Result((), hidden=1)


def draft_type(user: str) -> World:
    """P.T is a draft type whose list moves to a member type with a maximum of one; its user is a draft."""
    world = World()
    world.add("P.m", MEMBER_TYPE)
    world.add("P.m", MEMBER_TYPE, Member((MAXIMUM_CARDINALITY, 1), 1, value="1"))
    world.add("P.T", TYPE, Member((MEMBER_TYPE_LIST, 1), 1, target=("P.m", 1)), draft=True)
    world.add(user, ("P.T", 1), Member(("P.m", 1), 1, value="data", comment="kept"), draft=True)
    return world


LIST_FOLLOWS = Row("P.T", 1, "change", members=(change(("P.m", 2), (MEMBER_TYPE_LIST, 1)),))


def test_data_moves_with_its_draft_type_without_a_row() -> None:
    world = draft_type("P.N")
    forecast, done, _ = relink(world)
    assert forecast.rows == (LIST_FOLLOWS,)
    assert done.nodes["P.N"].versions[1].members == [Member(("P.m", 2), 1, "data", comment="kept")]


def test_a_draft_type_fails_that_would_touch_data_outside_or_break_its_rules() -> None:
    outside = draft_type("X.N")
    foreign = draft_type("P.N")
    foreign.store.rights["P.N"] = {"link", "use-draft"}
    breaking = draft_type("P.N")
    breaking.store.nodes["P.N"].versions[1].members.append(Member(("P.m", 1), 2, value="more"))
    for world in (outside, foreign, breaking):
        forecast, done, result = relink(world)
        assert forecast.rows == (Row("P.T", 1, "warning", reasons=frozenset({"draft-type"})),)
        assert result.rows == (Row("P.T", 1, "error", reasons=frozenset({"draft-type"})),)
        assert done == world.store


def test_data_that_breaks_the_rules_of_a_new_type_is_an_error() -> None:
    rules = {MINIMUM_CARDINALITY: "2", USE_VALUE: "false", VALUE_PATTERN: "[0-9]+"}
    for rule, value in rules.items():
        world = World()
        world.add("P.m", MEMBER_TYPE)
        world.add("P.m", MEMBER_TYPE, Member((rule, 1), 1, value=value))
        for number in (1, 2):
            world.add("P.T", TYPE, Member((MEMBER_TYPE_LIST, 1), 1, target=("P.m", number)))
        world.add("P.N", ("P.T", 1), Member(("P.m", 1), 1, value="7 data"))
        _, done, result = relink(world)
        assert result.rows == (Row("P.N", 1, "error", reasons=frozenset({"rules"})),)
        assert done == world.store
