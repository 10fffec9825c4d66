"""UpdateNodeVersions: nodes follow their types, and their data follows its member types."""

from __future__ import annotations

import pytest

from tests.support.builders import (
    MEMBER_TYPE_LIST,
    Graph,
    M,
    V,
    frozen,
    member_type,
    package,
    type_with,
)
from tests.support.http import Client, message

LISTED = MEMBER_TYPE_LIST


def losing(*data: M, draft: bool) -> Graph:
    """P.N has the type X.T.1, which lists X.k and X.m; X.T.2 lists X.m alone."""
    return (
        Graph()
        .node("P", package())
        .node("P.N", V(data, "X.T.1", draft))
        .node("X.k", member_type())
        .node("X.m", member_type())
        .node("X.T", type_with("X.k.1", "X.m.1"), type_with("X.m.1"))
    )


UNMOVABLE = (M("X.k.1", value="lost"), M("X.m.1", value="kept"))
CAN_NOT = "Can not update to type X.T.2: the type has no version of a member type that this draft has data for"


def current(client: Client, action: str = "impact") -> list[str]:
    return client.update("P", action, sourceScope="current").rows()


# Types change


@pytest.mark.parametrize(("is_draft", "update_type", "number"), [(False, "version", 2), (True, "change", 1)])
def test_a_node_moves_to_the_new_version_of_its_type(
    client: Client, is_draft: bool, update_type: str, number: int
) -> None:
    client.load(losing(M("X.m.1", value="kept"), draft=is_draft))
    assert current(client) == [f"P.N.1 {update_type} type X.T.2"]
    assert current(client, "force") == [f"P.N.{number} {update_type} type X.T.2"]
    shown = client.get("P.N")
    assert (shown.text("nodeVersionNumber"), shown.text("nodeVersionReferenceType")) == (str(number), "X.T.2")
    assert shown.members() == ["X.m.1 = kept"]


@pytest.mark.ledger("UNV-1", "UNV-62")
def test_data_moves_to_the_new_types_version_of_its_member_type(client: Client) -> None:
    client.load(
        Graph()
        .node("P.N", V((M("X.m.1", value="b"), M("X.k.1", value="a"), M("X.m.1", value="c")), "X.T.1"))
        .node("X.m", member_type(), member_type(), member_type())
        .node("X.k", member_type(), member_type())
        .node("X.T", type_with("X.m.1", "X.k.1"), type_with("X.k.2", "X.m.3"))
    )
    assert current(client, "force") == ["P.N.2 version type X.T.2"]
    assert client.get("P.N").members() == ["X.k.2 = a", "X.m.3 = b", "X.m.3 = c"]


@pytest.mark.ledger("UNV-67", "DEC-23")
def test_data_stays_under_its_member_type_version_where_the_new_type_lists_that_too(client: Client) -> None:
    client.load(
        Graph()
        .node("P.N", V((M("X.m.1", value="red"),), "X.T.1"))
        .node("X.m", member_type(), member_type())
        .node("X.T", type_with("X.m.1"), type_with("X.m.1", "X.m.2"))
    )
    current(client, "force")
    assert client.get("P.N").members() == ["X.m.1 = red"]


@pytest.mark.ledger("DEC-23")
def test_data_moves_to_the_highest_version_of_its_member_type_that_the_new_type_lists(client: Client) -> None:
    client.load(
        Graph()
        .node("P.N", V((M("X.m.1", value="red"),), "X.T.1"))
        .node("P.O", V((M("X.m.1", value="red"),), "X.T.1", draft=True))
        .node("X.m", member_type(), member_type(VALUE_PATTERN="[0-9]+"), member_type(), member_type())
        .node("X.T", type_with("X.m.1"), type_with("X.m.3", "X.m.2"))
    )
    current(client, "force")
    assert [client.get(node).members() for node in ("P.N", "P.O")] == [["X.m.3 = red"]] * 2


# "Can not update to type"


@pytest.mark.ledger("UNV-60", "UNV-68")
def test_a_frozen_node_gets_a_new_version_without_the_data_and_a_remove_update_says_so(client: Client) -> None:
    client.load(losing(*UNMOVABLE, draft=False))
    assert current(client) == ["P.N.1 version type X.T.2: remove X.k.1"]
    assert current(client, "force") == ["P.N.2 version type X.T.2: remove X.k.1"]
    assert client.get("P.N").members() == ["X.m.1 = kept"]
    assert client.get("P.N.1").members() == ["X.k.1 = lost", "X.m.1 = kept"]


@pytest.mark.ledger("UNV-49", "UNV-67")
def test_a_draft_that_would_lose_data_is_not_updated(client: Client) -> None:
    client.load(losing(*UNMOVABLE, draft=True))
    for action in ("impact", "force"):
        reply = client.update("P", action, sourceScope="current")
        assert (reply.number, reply.rows()) == (108, [f"P.N.1 warning: {CAN_NOT}"])
    shown = client.get("P.N")
    assert (shown.text("nodeVersionReferenceType"), shown.members()) == ("X.T.1", ["X.k.1 = lost", "X.m.1 = kept"])


@pytest.mark.ledger("UNV-67")
def test_only_populated_member_types_can_be_missed(client: Client) -> None:
    client.load(losing(M("X.m.1", value="kept"), draft=True))
    assert current(client) == ["P.N.1 change type X.T.2"]


@pytest.mark.ledger("UNV-67")
def test_data_stays_if_the_new_type_lists_another_version_of_its_member_type(client: Client) -> None:
    client.load(
        Graph()
        .node("P.N", V((M("X.m.1", value="red"),), "X.T.1", draft=True))
        .node("X.m", member_type(), member_type())
        .node("X.T", type_with("X.m.1"), type_with("X.m.2"))
    )
    assert current(client, "force") == ["P.N.1 change type X.T.2"]
    assert client.get("P.N").members() == ["X.m.2 = red"]


@pytest.mark.ledger("UNV-69")
def test_one_way_out_of_cannot_update_to_type_is_to_freeze_the_draft(client: Client) -> None:
    client.load(losing(*UNMOVABLE, draft=True))
    client.freeze("P.N")
    assert current(client, "force") == ["P.N.2 version type X.T.2: remove X.k.1"]


@pytest.mark.ledger("UNV-70")
def test_another_way_out_of_cannot_update_to_type_is_to_remove_the_data(client: Client) -> None:
    client.load(losing(*UNMOVABLE, draft=True))
    client.load(Graph().node("P.N", V(UNMOVABLE[1:], "X.T.1", draft=True)))
    assert current(client, "force") == ["P.N.1 change type X.T.2"]
    assert client.get("P.N").members() == ["X.m.1 = kept"]


@pytest.mark.ledger("UNV-71")
def test_the_third_way_out_of_cannot_update_to_type_is_to_change_the_type(client: Client) -> None:
    client.load(losing(*UNMOVABLE, draft=True).node("X.K", type_with("X.k.1"), type_with("X.k.1")))
    for to, rows, members in (
        ("X.T.2", [], ["X.m.1 = kept"]),
        ("X.K.1", ["P.N.1 change type X.K.2"], []),
    ):
        given = {"nodeVersionReference": "P.N", "nodeVersionReferenceNewType": to, "action": "force"}
        assert client.post(message("ChangeNodeType", given)).number == 0
        assert current(client, "force") == rows
        assert (current(client), client.get("P.N").members()) == ([], members)


def test_a_node_that_cannot_be_updated_does_not_stop_the_others(client: Client) -> None:
    client.load(losing(*UNMOVABLE, draft=True).node("P.O", V((), "X.T.1")))
    assert current(client, "force") == [f"P.N.1 warning: {CAN_NOT}", "P.O.2 version type X.T.2"]


# Rules


def ruled(*data: M, rules: V) -> Graph:
    """P.N has data under X.m.1; the type's next version lists X.m.2, which has rules."""
    return (
        Graph()
        .node("P.N", V(data, "X.T.1"))
        .node("P.B", frozen())
        .node("X.m", member_type(), rules)
        .node("X.T", type_with("X.m.1"), type_with("X.m.2"))
    )


@pytest.mark.ledger("UNV-73")
@pytest.mark.parametrize(
    ("rules", "data", "broken"),
    [
        (member_type(USE_VALUE="false"), [M("X.m.1", value="red")], "allows no value"),
        (member_type(USE_SCALE="false"), [M("X.m.1", scale=2.0)], "allows no scale"),
        (member_type(USE_TARGET="false"), [M("X.m.1", "P.B.1")], "allows no target"),
        (member_type(MINIMUM_CARDINALITY="2"), [M("X.m.1", value="red")], "needs at least 2 and there are 1"),
        (member_type(MINIMUM_CARDINALITY="1"), [], "needs at least 1 and there are 0"),
        (member_type(MAXIMUM_CARDINALITY="1"), [M("X.m.1", value="a"), M("X.m.1")], "allows at most 1 and there are 2"),
        (member_type(VALUE_PATTERN="[a-z]+"), [M("X.m.1", value="red 7")], "does not allow the value 'red 7'"),
    ],
)
def test_data_that_fails_the_rules_of_its_new_member_type_is_foreseen_and_an_error_when_forced(
    client: Client, rules: V, data: list[M], broken: str
) -> None:
    client.load(ruled(*data, rules=rules))
    before = client.get("P.N").response.data
    explanation = f"The data breaks the rules of X.m.2, which {broken}"
    for action, update_type in (("impact", "warning"), ("force", "error")):
        reply = client.update("P", action, sourceScope="current")
        assert (reply.number, reply.rows()) == (108, [f"P.N.1 {update_type}: {explanation}"])
    assert client.get("P.N").response.data == before


@pytest.mark.ledger("UNV-73", "DEC-24")
@pytest.mark.parametrize(
    ("rules", "data"),
    [
        (member_type(), [M("X.m.1", "P.B.1", "red", 2.0), M("X.m.1", value="red")]),
        (member_type(USE_VALUE="true", USE_SCALE="true", USE_TARGET="true"), [M("X.m.1", "P.B.1", "red", 2.0)]),
        (member_type(USE_VALUE="false"), [M("X.m.1", "P.B.1", None, 2.0)]),
        (member_type(MINIMUM_CARDINALITY="1", MAXIMUM_CARDINALITY="2"), [M("X.m.1"), M("X.m.1")]),
        (member_type(MINIMUM_CARDINALITY="0", MAXIMUM_CARDINALITY="0"), [M("X.m.1"), M("X.m.1")]),
        (member_type(VALUE_PATTERN="red|blue"), [M("X.m.1", value="blue"), M("X.m.1", "P.B.1")]),
    ],
)
def test_data_that_keeps_the_rules_is_updated_and_a_rule_that_is_absent_allows(
    client: Client, rules: V, data: list[M]
) -> None:
    client.load(ruled(*data, rules=rules))
    assert current(client, "force") == ["P.N.2 version type X.T.2"]
    assert len(client.get("P.N").members()) == len(data)


@pytest.mark.ledger("UNV-73")
def test_targets_have_to_be_of_a_type_in_the_target_type_list(client: Client) -> None:
    def allowing(reference: str) -> V:
        return member_type(M("system.TARGET_TYPE_LIST.1", reference))

    graph = Graph().node("P.B", frozen())
    for name, target_type in (("N", "system.NODE_LIST_TYPE.1"), ("O", "system.TAG_TYPE.1")):
        graph.node(f"P.{name}", V((M(f"X.{name}.m.1", "P.B.1"),), f"X.{name}.T.1"))
        graph.node(f"X.{name}.m", member_type(), allowing(target_type))
        graph.node(f"X.{name}.T", type_with(f"X.{name}.m.1"), type_with(f"X.{name}.m.2"))
    client.load(graph)
    assert current(client) == [
        "P.N.1 version type X.N.T.2",
        "P.O.1 warning: The data breaks the rules of X.O.m.2, which does not allow a target of this type",
    ]


@pytest.mark.ledger("UNV-73", "DEC-25")
def test_data_is_not_refused_for_faults_that_it_had_before(client: Client) -> None:
    client.load(
        Graph()
        .node("P.N", V((M("X.m.1", value="red 7"),), "X.T.1"))
        .node("X.m", member_type(VALUE_PATTERN="[a-z]+"))
        .node("X.T", type_with("X.m.1"), type_with("X.m.1"))
    )
    assert current(client) == ["P.N.1 version type X.T.2"]
