"""GetNode: which version a request means, what the response has, and what it leaves out for whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.builders import Graph, M, V, draft, frozen, links, member_type, type_with
from tests.support.http import Client, Reply, message

MakeUser = Callable[..., None]

# P.N has two frozen versions and a draft. Its type P.T lists P.second before P.first.
GRAPH = (
    Graph()
    .node("P.first", member_type())
    .node("P.second", member_type())
    .node("P.T", type_with("P.second.1", "P.first.1"))
    .node("P.B", V(name="Bolt"))
    .node(
        "P.N",
        V(name="One", comment="the first"),
        V(
            (
                M("P.first.1", value="a", comment="c"),
                M("P.second.1", scale=2.5, target="P.B.1"),
                M("P.first.1", value="b"),
            ),
            type="P.T.1",
            name="Two",
        ),
        draft(*links("P.B.1"), name="Three"),
    )
    .node("P.D", draft(name="Only a draft"))
    .node("P.F", frozen())
)


@pytest.fixture
def store(client: Client) -> Client:
    client.load(GRAPH)
    return client


def ask(client: Client, **elements: str) -> Reply:
    return client.post(message("GetNode", elements))


def version(client: Client, reference: str) -> str | None:
    """The number of the version that a reference means, or None if there is no such version."""
    reply = ask(client, nodeVersionReference=reference)
    if reply.number:
        assert (reply.number, reply.text("errorFields")) == (105, "nodeVersionReference")
    return reply.text("nodeVersionNumber")


def test_a_version_is_reported_with_its_type_and_members(store: Client) -> None:
    reply = store.get("P.N.2")
    identifier = int(reply.text("nodeIdentifier") or "")
    assert [(child.tag, child.text) for child in reply.tree][:-1] == [
        ("errorNumber", "0"),
        ("nodeVersionIdentifier", str(identifier * 1_000_000 + 2)),
        ("nodeVersionReference", "P.N.2"),
        ("nodeName", "Two"),
        ("nodeIdentifier", str(identifier)),
        ("nodeReference", "P.N"),
        ("nodeVersionNumber", "2"),
        ("nodeFrozenVersionNumber", "2"),
        ("nodeVersionReferenceType", "P.T.1"),
        ("nodeNameType", "T"),
    ]
    assert reply.members() == ["P.second.1 * 2.5 -> P.B.1", "P.first.1 = a (c)", "P.first.1 = b"]


def test_members_are_reported_in_full(store: Client) -> None:
    first, second, third = store.get("P.N.2").tree.iterfind("MemberList/Member")
    assert {str(child.tag): child.text for child in first} == {
        "nodeVersionReferenceMemberType": "P.second.1",
        "nodeNameMemberType": "second",
        "nodeMemberSequence": "1",
        "nodeMemberScale": "2.5",
        "nodeVersionReferenceTarget": "P.B.1",
        "nodeNameTarget": "Bolt",
    }
    assert [member.findtext("nodeMemberSequence") for member in (second, third)] == ["1", "2"]


def test_a_comment_is_reported(store: Client) -> None:
    assert store.get("P.N.1").text("nodeVersionComment") == "the first"
    assert store.get("P.N.2").text("nodeVersionComment") is None


def test_members_are_reported_unless_none_are_wanted(store: Client) -> None:
    for level, shown in (("none", False), ("full", True), ("", True)):
        reply = ask(store, nodeVersionReference="P.N.2", memberDetailLevel=level)
        assert (reply.tree.find("MemberList") is not None) is shown
        assert reply.text("nodeVersionReferenceType") == "P.T.1"


def test_the_four_words_and_numbers_name_versions(store: Client) -> None:
    asked: tuple[str, ...] = (
        "P.N",
        "P.N.0",
        "P.N.1",
        "P.N.3",
        "P.N.$latest",
        "P.N.$current",
        "P.N.$draft",
        "P.N.$best",
    )
    assert [version(store, reference) for reference in asked] == ["3", "3", "1", "3", "3", "2", "3", "2"]
    asked = ("P.D", "P.D.1", "P.D.$current", "P.D.$draft", "P.D.$best")
    assert [version(store, reference) for reference in asked] == ["1", "1", None, "1", "1"]
    asked = ("P.F", "P.F.$current", "P.F.$draft", "P.F.$best", "P.F.2", "P.F.999999")
    assert [version(store, reference) for reference in asked] == ["1", "1", None, "1", None, None]


def test_a_version_that_does_not_exist_is_not_found(store: Client) -> None:
    asked = ["P.X", "P.N.4", "X", "P.N.$last", "P..N", "1", "P.N.1.2", "$latest", "P.N.1000000"]
    assert [version(store, reference) for reference in asked] == [None] * len(asked)


def test_a_draft_that_the_caller_may_not_use_is_not_there(store: Client, make_user: MakeUser) -> None:
    make_user("reader", "package-read P")
    reader = store.as_user("reader")
    asked = ("P.N", "P.N.$latest", "P.N.$current", "P.N.$best", "P.N.2")
    assert [version(reader, reference) for reference in asked] == ["2"] * 5
    for reference in ("P.N.$draft", "P.N.3", "P.D", "P.D.1", "P.D.$best"):
        assert version(reader, reference) is None
    hidden, unknown = (ask(reader, nodeVersionReference=f"P.N.{number}").response.text for number in (3, 4))
    assert hidden.replace("P.N.3", "P.N.?") == unknown.replace("P.N.4", "P.N.?")


def test_a_draft_is_visible_to_users_with_use_draft(store: Client, make_user: MakeUser) -> None:
    make_user("drafter", "node-read P.N", "node-use-draft P.N")
    assert version(store.as_user("drafter"), "P.N") == "3"


def test_the_identifier_goes_before_the_reference(store: Client) -> None:
    one = store.get("P.N.1").text("nodeVersionIdentifier") or ""
    for reference in ("P.N.2", "P.X", "not a reference"):
        assert ask(store, nodeVersionIdentifier=one, nodeVersionReference=reference).text("nodeName") == "One"
    assert ask(store, nodeVersionIdentifier="0", nodeVersionReference="P.N.2").text("nodeName") == "Two"


def test_an_identifier_of_no_version_is_not_found(store: Client) -> None:
    one = int(store.get("P.N.1").text("nodeVersionIdentifier") or "")
    for identifier in (1, one - 1, one + 3, one + 999_998, one + 10**12, 9_007_199_254_740_991, 9_007_199_254_000_000):
        reply = ask(store, nodeVersionIdentifier=str(identifier))
        assert (reply.number, reply.text("errorFields")) == (105, "nodeVersionIdentifier"), identifier


def test_a_draft_that_the_caller_may_not_use_is_not_found_by_its_identifier(store: Client, make_user: MakeUser) -> None:
    make_user("reader", "package-read P")
    three = store.get("P.N.3").text("nodeVersionIdentifier") or ""
    assert ask(store.as_user("reader"), nodeVersionIdentifier=three).number == 105


def test_an_unreadable_node_is_not_reported(store: Client, make_user: MakeUser) -> None:
    make_user("stranger")
    one = store.get("P.N.1").text("nodeVersionIdentifier") or ""
    for user in ("stranger", None):
        for reply in (
            ask(store.as_user(user), nodeVersionReference="P.N.1"),
            ask(store.as_user(user), nodeVersionReference="P.N.99"),
            ask(store.as_user(user), nodeVersionIdentifier=one),
        ):
            assert (reply.number, len(reply.tree)) == (101, 2)
            assert "One" not in reply.response.text


def test_an_unreadable_node_leaves_no_trace_in_readable_ones(store: Client, make_user: MakeUser) -> None:
    store.load(
        Graph()
        .node("S.secret_member", member_type())
        .node("S.secret_type", type_with("P.first.1", "S.secret_member.1"))
        .node("S.secret_target", V(name="Hidden"))
        .node(
            "P.Mixed",
            frozen(
                M("P.first.1", value="seen", target="S.secret_target.1"),
                M("S.secret_member.1", value="unseen", target="P.B.1"),
                M("P.first.1", target="P.B.1"),
                type="S.secret_type.1",
            ),
        )
    )
    make_user("reader", "package-read P")
    reply = store.as_user("reader").get("P.Mixed")
    assert reply.members() == ["P.first.1 = seen", "P.first.1 -> P.B.1"]
    assert reply.text("nodeVersionReferenceType") is None
    for trace in ("secret", "Hidden", "unseen"):
        assert trace not in reply.response.text
    assert len(store.get("P.Mixed").members()) == 3


def test_public_may_read_the_system_package(store: Client) -> None:
    reply = store.as_user(None).get("system.TYPE_TYPE")
    assert reply.text("nodeVersionReferenceType") == "system.TYPE_TYPE.1"
    assert "system.MEMBER_TYPE_LIST.1 = member types -> system.MEMBER_TYPE_LIST.1" in reply.members()
