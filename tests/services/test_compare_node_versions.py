"""CompareNodeVersions: what differs between two versions, as far as the caller may read it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from tests.support.builders import Graph, M, V, draft, frozen, links, member_type, type_with
from tests.support.http import Client, Reply, message

MakeUser = Callable[..., None]


def ask(client: Client, start: str, end: str) -> Reply:
    return client.post(
        message("CompareNodeVersions", {"nodeVersionReferenceFrom": start, "nodeVersionReferenceTo": end})
    )


def compared(client: Client, old: V, new: V) -> Reply:
    """Two versions of P.N, compared. P.m and P.o are member types of P.T; P.A, P.B and P.C have two versions."""
    graph = Graph().node("P.m", member_type()).node("P.o", member_type()).node("P.T", type_with("P.m.1", "P.o.1"))
    for name in "ABC":
        graph.node(f"P.{name}", frozen(name=name), frozen(name=name))
    client.load(graph.node("P.N", old, new))
    return ask(client, "P.N.1", "P.N.2")


def version(*members: M, **more: str) -> V:
    return V(members, "P.T.1", **more)  # type: ignore[arg-type]


def differences(reply: Reply) -> list[str]:
    """The differences in short: `change P.m: 1 a -> 2 b`."""
    assert reply.number == 0, reply.response.text
    return [_shown(each) for each in reply.tree.iterfind("MemberDifferenceList/MemberDifference")]


def _shown(each: etree._Element) -> str:
    kind, member_type = each.findtext("memberDifferenceType"), each.findtext("nodeReferenceMemberType")
    old, new = _side(each, "From"), _side(each, "To")
    return f"{kind} {member_type}: {' => '.join(filter(None, [old, new]))}"


def _side(each: etree._Element, side: str) -> str:
    names = ("nodeMemberSequence", "nodeMemberValue", "nodeMemberScale", "nodeVersionReferenceTarget")
    return " ".join(filter(None, (each.findtext(f"{name}{side}") for name in (*names, "nodeMemberComment"))))


def test_equal_versions_do_not_differ(client: Client) -> None:
    members = (M("P.m.1", "P.A.1", "v", 1.5, "c"), M("P.m.1", "P.A.1", "v", 1.5, "c"))
    reply = compared(client, version(*members), version(*members))
    assert differences(reply) == []
    assert {reply.text(f"{what}UpdateType") for what in ("name", "comment", "type")} == {"none"}


def test_name_comment_and_type_are_compared(client: Client) -> None:
    reply = compared(client, version(name="One"), V(name="Two", comment="why"))
    assert [reply.text(f"{what}UpdateType") for what in ("name", "comment", "type")] == ["change"] * 3
    assert (reply.text("nodeNameFrom"), reply.text("nodeNameTo")) == ("One", "Two")
    assert (reply.text("nodeVersionCommentFrom"), reply.text("nodeVersionCommentTo")) == (None, "why")
    assert reply.text("nodeVersionReferenceTypeTo") == "system.NODE_LIST_TYPE.1"


def test_an_inserted_member_does_not_change_the_others(client: Client) -> None:
    old = version(M("P.m.1", value="a"), M("P.m.1", value="b"), M("P.m.1", value="c"))
    new = version(M("P.m.1", value="a"), M("P.m.1", value="x"), M("P.m.1", value="b"), M("P.m.1", value="c"))
    assert differences(compared(client, old, new)) == ["add P.m: 2 x"]


@pytest.mark.ledger("DEC-146")
def test_links_follow_their_node_and_values_their_place(client: Client) -> None:
    old = version(*links("P.A.1", "P.B.1", member_type="P.m.1"), M("P.o.1", value="one"))
    new = version(*links("P.C.1", "P.B.2", member_type="P.m.1"), M("P.o.1", value="two"))
    assert differences(compared(client, old, new)) == [
        "add P.m: 1 P.C.1",
        "change P.m: 2 P.B.1 => 2 P.B.2",
        "remove P.m: 1 P.A.1",
        "change P.o: 1 one => 1 two",
    ]


def test_another_order_is_a_difference_of_as_few_members_as_can_be(client: Client) -> None:
    old = version(*(M("P.m.1", value=value) for value in "abcd"))
    new = version(*(M("P.m.1", value=value) for value in "dabc"))
    assert differences(compared(client, old, new)) == ["change P.m: 4 d => 1 d"]


def test_a_scale_and_a_comment_are_compared_and_repeated_members_counted(client: Client) -> None:
    old = version(M("P.m.1", value="a", scale=1), M("P.o.1", value="x"), M("P.o.1", value="x"))
    new = version(M("P.m.1", value="a", scale=2, comment="heavier"), M("P.o.1", value="x"))
    assert differences(compared(client, old, new)) == [
        "change P.m: 1 a 1.0 => 1 a 2.0 heavier",
        "remove P.o: 2 x",
    ]


def test_versions_of_different_nodes_are_compared(client: Client) -> None:
    client.load(Graph().node("P.B", frozen()).node("P.A", frozen(*links("P.B.1"))))
    assert differences(ask(client, "P.B", "P.A")) == ["add system.NODE_LIST: 1 P.B.1"]


def test_unreadable_nodes_are_not_listed_as_differences(client: Client, make_user: MakeUser) -> None:
    client.load(
        Graph()
        .node("S.A", frozen(), frozen())
        .node("S.m", member_type())
        .node("P.T", type_with("S.m.1", "system.NODE_LIST.1"))
        .node("P.N", V(links("S.A.1"), "P.T.1"), V((*links("S.A.2"), M("S.m.1", value="hidden")), "P.T.1"))
    )
    make_user("ann", "package-read P")
    reply = ask(client.as_user("ann"), "P.N.1", "P.N.2")
    assert differences(reply) == []
    assert "S." not in reply.response.text
    assert len(differences(ask(client, "P.N.1", "P.N.2"))) == 2


@pytest.mark.parametrize(("start", "end", "field"), [("P.none", "P.N", "From"), ("P.N", "P.N.7", "To")])
def test_a_version_that_is_not_found_is_named(client: Client, start: str, end: str, field: str) -> None:
    client.load(Graph().node("P.N", frozen()))
    reply = ask(client, start, end)
    assert (reply.number, reply.text("errorFields")) == (105, f"nodeVersionReference{field}")


def test_a_draft_that_may_not_be_used_is_not_compared(client: Client, make_user: MakeUser) -> None:
    client.load(Graph().node("P.N", frozen(), draft(name="Secret")))
    make_user("ann", "node-read P.N")
    ann = client.as_user("ann")
    assert (ask(ann, "P.N.1", "P.N.2").number, ask(ann, "P.N.2", "P.N.1").number) == (105, 105)
    assert ask(ann, "P.N.1", "P.N").text("nodeVersionReferenceTo") == "P.N.1"
