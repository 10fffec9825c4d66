"""UpdateNodeVersions: draft types change in place, under the data of the drafts that use them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.builders import (
    MEMBER_TYPE_LIST,
    Graph,
    M,
    V,
    draft,
    frozen,
    member_type,
    moves,
    package,
    type_with,
)
from tests.support.http import Client

LISTED = MEMBER_TYPE_LIST


def draft_type() -> Graph:
    """P.T is a draft type that lists P.m.1; P.m has a draft, so that P.T changes in place."""
    return (
        Graph()
        .node("P", package())
        .node("P.m", member_type(), member_type(draft=True, VALUE_PATTERN="[a-z]+"))
        .node("P.T", type_with("P.m.1", draft=True))
    )


CHANGED = f"P.T.1 change: {moves('P.m.2', member_type=LISTED)}"


def instance(value: str) -> V:
    return V((M("P.m.1", value=value),), "P.T.1", draft=True)


@pytest.mark.ledger("UNV-76")
def test_the_data_of_in_context_drafts_moves_with_their_draft_type(client: Client) -> None:
    client.load(
        draft_type().node("P.N", instance("red")).node("P.O", instance("blue")).node("P.Q", V((), "P.T.1", True))
    )
    assert client.update("P").rows() == [CHANGED]
    assert client.update("P", "force").rows() == [CHANGED]
    assert [client.get(node).members() for node in ("P.N", "P.O", "P.Q")] == [["P.m.2 = red"], ["P.m.2 = blue"], []]


@pytest.mark.ledger("UNV-76")
def test_a_draft_that_moves_with_its_type_and_has_a_link_to_follow_gets_one_row(client: Client) -> None:
    members = (M("P.m.1", "P.B.1", "red"),)
    client.load(draft_type().node("P.N", V(members, "P.T.1", draft=True)).node("P.B", frozen(), draft()))
    assert client.update("P", "force").rows() == [f"P.N.1 change: {moves('P.B.2', member_type='P.m.1')}", CHANGED]
    assert client.get("P.N").members() == ["P.m.2 = red -> P.B.2"]


OUTSIDE = (
    "This draft type cannot be changed in place: "
    "data of a node outside the update, or that you may not administer, would be changed"
)


@pytest.mark.ledger("UNV-72", "UNV-75")
def test_a_draft_type_does_not_move_the_data_of_nodes_out_of_context(client: Client) -> None:
    client.load(draft_type().node("X.N", instance("red")).node("P.O", instance("blue")))
    for action, update_type in (("impact", "warning"), ("force", "error")):
        reply = client.update("P", action)
        assert (reply.number, reply.rows()) == (108, [f"P.T.1 {update_type}: {OUTSIDE}"])
    assert client.get("X.N").members() == ["P.m.1 = red"]
    assert client.get("P.O").members() == ["P.m.1 = blue"]


@pytest.mark.ledger("UNV-75")
def test_a_draft_type_may_change_if_nodes_out_of_context_have_no_data_that_moves(client: Client) -> None:
    client.load(draft_type().node("X.N", V((), "P.T.1", draft=True)))
    assert client.update("P", "force").rows() == [CHANGED]


@pytest.mark.ledger("UNV-75")
def test_a_draft_type_does_not_move_the_data_of_nodes_that_the_user_does_not_administer(
    client: Client, make_user: Callable[..., None]
) -> None:
    client.load(draft_type().node("P.N", instance("red")))
    make_user("ann", "node-administer P", "node-administer P.m", "node-administer P.T")
    for action, update_type in (("impact", "warning"), ("force", "error")):
        assert client.as_user("ann").update("P", action).rows() == [f"P.T.1 {update_type}: {OUTSIDE}"]
    assert client.get("P.N").members() == ["P.m.1 = red"]


def test_a_draft_type_does_not_change_under_data_that_breaks_the_new_rules(client: Client) -> None:
    client.load(draft_type().node("P.N", instance("Red 7")))
    why = "the data of a node breaks the rules of P.m.2, which does not allow the value 'Red 7'"
    rows = client.update("P", "force").rows()
    assert rows == [f"P.T.1 error: This draft type cannot be changed in place: {why}"]
    assert client.get("P.N").members() == ["P.m.1 = Red 7"]


@pytest.mark.ledger("UNV-74")
def test_a_draft_type_loses_no_member_types_by_following_its_own_type(client: Client) -> None:
    client.load(
        Graph()
        .node("X.Kind", type_with(LISTED), type_with("system.NODE_NAME.1"))
        .node("P.m", member_type())
        .node("P.T", type_with("P.m.1", draft=True, type="X.Kind.1"))
        .node("P.N", V((M("P.m.1", value="red"),), "P.T.1", draft=True))
    )
    explanation = (
        "Can not update to type X.Kind.2: the type has no version of a member type that this draft has data for"
    )
    assert client.update("P", "force", sourceScope="current").rows() == [f"P.T.1 warning: {explanation}"]
    assert client.get("P.N").members() == ["P.m.1 = red"]


@pytest.mark.ledger("UNV-77")
def test_frozen_types_keep_important_data_as_it_is(client: Client) -> None:
    client.load(
        Graph()
        .node("P.m", member_type(), member_type(draft=True))
        .node("P.T", type_with("P.m.1"))
        .node("X.N", V((M("P.m.1", value="red"),), "P.T.1", draft=True))
    )
    assert client.update("P", "force").rows() == [f"P.T.2 version: {moves('P.m.2', member_type=LISTED)}"]
    shown = client.get("X.N")
    assert (shown.text("nodeVersionReferenceType"), shown.members()) == ("P.T.1", ["P.m.1 = red"])
