"""SetNode: the rights that an edit needs, and what it may not change."""

from __future__ import annotations

import pytest

from tests.services.test_set_node import BLUE, GRAPH, GREEN, MakeUser, colours, done, update
from tests.support.builders import Graph, draft
from tests.support.edits import faults, given, set_node
from tests.support.http import Client


@pytest.fixture
def store(client: Client) -> Client:
    client.load(GRAPH)
    return client


def test_a_new_target_needs_link_and_an_old_one_does_not(store: Client, make_user: MakeUser) -> None:
    make_user("ann", "node-administer P.N", "package-read P", "package-read X")
    ann = store.as_user("ann")
    done(update(ann, {"X.bolt": [given(at=1, target="P.B.1")]}))
    (line,) = faults(update(ann, {"X.m": [given(target="P.A.1")]}))
    assert line.endswith("nodeVersionReferenceTarget: you may not link to P.A")
    (line,) = faults(update(ann, {"X.m": [given(target="P.B.2")]}))
    assert "is not found" in line


@pytest.mark.ledger("DEC-155")
def test_a_target_that_may_not_be_read_stays(store: Client, make_user: MakeUser) -> None:
    make_user("ann", "node-administer P.N", "package-read X")
    ann = store.as_user("ann")
    shown = set_node(ann, "edit", nodeVersionReference="P.N")
    assert "P.A" not in shown.response.text
    assert colours(ann, given(at=1, value="pink"), given(at=2, value="blue")) == ["X.m.2 = pink", BLUE, GREEN]
    assert store.get("P.N").members()[0] == "X.m.2 = pink -> P.A.1"


def test_rules_of_a_member_type_that_may_not_be_read_do_not_name_it(store: Client, make_user: MakeUser) -> None:
    store.load(Graph().node("P.M", draft(type="X.T.2")))
    make_user("ann", "node-administer P.M", "node-read X.T")
    (line,) = faults(set_node(store.as_user("ann"), "update", nodeVersionReference="P.M"))
    assert line == "MemberTypeList: a member type that you may not read needs at least 1 and there are 0"


@pytest.mark.parametrize("action", ["edit", "impact", "update", "force"])
def test_an_edit_needs_administer(store: Client, make_user: MakeUser, action: str) -> None:
    make_user("ann", "package-update P", "package-link X")
    assert set_node(store.as_user("ann"), action, nodeVersionReference="P.N").number == 101
    for node in ("P.N", "P.none"):
        assert set_node(store.as_user(None), action, nodeVersionReference=node).number == 101


# Optimistic edits, and what is kept of an edit


def test_an_edit_of_an_outdated_edition_is_refused(store: Client) -> None:
    reply = set_node(store, "edit", nodeVersionReference="P.N")
    edition, tag = reply.text("nodeEdition"), reply.response.headers["ETag"]
    done(set_node(store, "update", nodeVersionReference="P.N", nodeName="Theirs", nodeEdition=edition))
    for late, status in (
        (set_node(store, "force", nodeVersionReference="P.N", nodeName="Mine", nodeEdition=edition), 200),
        (set_node(store, "update", nodeVersionReference="P.N", nodeName="Mine", if_match=tag), 412),
    ):
        assert (late.number, late.status) == (106, status)
    assert store.get("P.N").text("nodeName") == "Theirs"
    fresh = set_node(store, "edit", nodeVersionReference="P.N").response.headers["ETag"]
    done(set_node(store, "update", nodeVersionReference="P.N", nodeName="Mine", if_match=fresh))
