"""ChangeNodeType: a draft gets another type, and its data moves to the member types of the new type."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from tests.support.builders import Graph, M, V, draft, frozen, member_type, package, type_with
from tests.support.edits import change_type as change
from tests.support.edits import impacts
from tests.support.http import Client, message

MakeUser = Callable[..., None]

GRAPH = (
    Graph()
    .node("P", package())
    .node("X.k", member_type())
    .node("X.m", member_type(), member_type(VALUE_PATTERN="[0-9]+", MAXIMUM_CARDINALITY="1"))
    .node("X.T", type_with("X.k.1", "X.m.1"), type_with("X.m.2"), type_with("X.k.1", draft=True))
    .node(
        "P.N",
        draft(
            M("X.k.1", value="lost"),
            M("X.m.1", value="red", scale=1.5, target="P.B.1", comment="kept"),
            M("X.m.1", value="blue"),
            type="X.T.1",
            name="N",
        ),
    )
    .node("P.F", V((M("X.k.1", value="old"),), "X.T.1"), draft(M("X.k.1", value="new"), type="X.T.1"))
    .node("P.B", frozen())
)
KEPT = ["X.m.2 = red * 1.5 -> P.B.1 (kept)", "X.m.2 = blue"]
BEFORE = ["X.k.1 = lost", "X.m.1 = red * 1.5 -> P.B.1 (kept)", "X.m.1 = blue"]


@pytest.fixture
def store(client: Client) -> Client:
    client.load(GRAPH)
    return client


def unchanged(client: Client) -> bool:
    found = client.get("P.N")
    return (found.text("nodeVersionReferenceType"), found.members()) == ("X.T.1", BEFORE)


@pytest.mark.ledger("DEC-151")
def test_the_impact_lists_moved_and_removed_members_and_broken_rules(store: Client) -> None:
    reply = change(store)
    assert (reply.number, reply.text("nodeVersionReferenceNewType")) == (108, "X.T.2")
    assert impacts(reply) == [
        "remove X.k.1",
        "version X.m.1",
        "rules X.m.2 allows at most 1 and there are 2",
    ]
    assert unchanged(store)


def test_a_force_moves_data_and_removes_members_without_a_place(store: Client) -> None:
    assert change(store, action="force").number == 0
    found = store.get("P.N")
    assert (found.text("nodeVersionReferenceType"), found.text("nodeVersionNumber")) == ("X.T.2", "1")
    assert (found.members(), found.text("nodeName")) == (KEPT, "N")


def test_a_type_that_suits_the_data_has_no_impact(store: Client) -> None:
    store.load(Graph().node("X.Same", type_with("X.m.1", "X.k.1")))
    reply = change(store, new_type="X.Same")
    assert (reply.number, impacts(reply)) == (0, [])
    assert change(store, new_type="X.Same", action="force").number == 0
    assert sorted(store.get("P.N").members()) == sorted(BEFORE)


def test_both_may_be_named_by_identifiers_which_take_precedence(store: Client) -> None:
    node, new_type = (str(store.get(each).text("nodeVersionIdentifier")) for each in ("P.N", "X.T.2"))
    named = {"nodeVersionIdentifier": node, "nodeVersionIdentifierNewType": new_type}
    reply = change(store, "P.F", "P.B", "force", **named)
    assert (reply.number, reply.text("nodeVersionIdentifierNewType")) == (0, new_type)
    assert store.get("P.N").members() == KEPT


@pytest.mark.ledger("DEC-150")
@pytest.mark.parametrize("node", ["P.F.1", "P.B", "P.F.$current"])
def test_a_frozen_version_keeps_its_type(store: Client, node: str) -> None:
    for action in ("impact", "force"):
        reply = change(store, node, action=action)
        assert (reply.number, reply.text("errorFields")) == (105, "nodeVersionReference")
        assert "is frozen" in str(reply.text("errorMessage"))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"nodeVersionReference": ""}, "nodeVersionReference"),
        ({"nodeVersionReference": "P.none"}, "nodeVersionReference"),
        ({"nodeVersionReferenceNewType": ""}, "nodeVersionReferenceNewType"),
        ({"nodeVersionReferenceNewType": "X.T.9"}, "nodeVersionReferenceNewType"),
        ({"nodeVersionReferenceNewType": "X.none"}, "nodeVersionReferenceNewType"),
        ({"nodeVersionReferenceNewType": "x-y"}, "nodeVersionReferenceNewType"),
        ({"nodeVersionReferenceNewType": "P.N.1"}, "nodeVersionReferenceNewType"),
        ({"nodeVersionIdentifierNewType": "9007199254740991"}, "nodeVersionIdentifierNewType"),
        ({"nodeVersionIdentifierNewType": "1"}, "nodeVersionIdentifierNewType"),
    ],
)
def test_missing_and_unknown_references_are_named(store: Client, given: dict[str, str], field: str) -> None:
    right = {"nodeVersionReference": "P.N", "nodeVersionReferenceNewType": "X.T.2"}
    for action in ("impact", "force"):
        reply = store.post(message("ChangeNodeType", {**right, **given, "action": action}))
        assert (reply.number, reply.text("errorFields")) == (105, field)
    assert unchanged(store)


@pytest.mark.parametrize(
    ("permissions", "number"),
    [
        (["node-update P.N", "package-use-type X"], 101),
        (["node-administer P.N", "package-read X"], 101),
        (["node-administer P.N"], 105),
        (["node-administer P.N", "package-use-type X"], 108),
    ],
)
def test_administer_on_the_node_and_use_type_on_the_type_are_needed(
    store: Client, make_user: MakeUser, permissions: list[str], number: int
) -> None:
    make_user("ann", *permissions)
    ann = store.as_user("ann")
    assert change(ann).number == number
    assert change(ann, action="force").number == (0 if number == 108 else number)
    assert (store.get("P.N").members() == KEPT) == (number == 108)


def test_a_draft_type_needs_use_draft(store: Client, make_user: MakeUser) -> None:
    make_user("ann", "node-administer P.N", "package-use-type X")
    make_user("bob", "node-administer P.N", "package-use-type X", "package-use-draft X")
    assert change(store.as_user("ann"), new_type="X.T.3").number == 105
    assert change(store.as_user("bob"), new_type="X.T.$draft", action="force").number == 0
    assert store.get("P.N").text("nodeVersionReferenceType") == "X.T.3"


@pytest.mark.ledger("DEC-150")
def test_a_type_cannot_be_changed_without_credentials(store: Client) -> None:
    for node in ("P.N", "P.none"):
        assert change(store.as_user(None), node).number == 101


def test_a_member_type_that_may_not_be_read_is_counted_only(store: Client, make_user: MakeUser) -> None:
    make_user("ann", "node-administer P.N", "node-use-type X.T", "node-read X.m")
    reply = change(store.as_user("ann"))
    assert (reply.number, impacts(reply)[0]) == (108, "version X.m.1")
    assert "1 impact is on a member type that you may not read" in str(reply.text("errorDescription"))
    assert "X.k" not in reply.response.text


@pytest.mark.ledger("DEC-153")
def test_the_data_of_drafts_of_a_draft_type_stays(store: Client) -> None:
    store.load(Graph().node("P.D", draft(M("X.k.1", value="mine"), type="X.T.3")))
    assert impacts(change(store, "X.T.3", "system.NODE_LIST_TYPE")) == ["remove system.MEMBER_TYPE_LIST.1"]
    assert change(store, "X.T.3", "system.NODE_LIST_TYPE", "force").number == 0
    assert (store.get("X.T.3").members(), store.get("P.D").members()) == ([], ["X.k.1 = mine"])


# Optimistic edits


@pytest.mark.ledger("DEC-152")
def test_an_edit_of_an_outdated_draft_is_refused(store: Client) -> None:
    edition = str(change(store).text("nodeEdition"))
    first = change(store, new_type="X.T.3", action="force", nodeEdition=edition)
    assert (first.number, first.text("nodeEdition")) == (0, str(int(edition) + 1))
    late = change(store, action="force", nodeEdition=edition)
    assert (late.number, late.status) == (106, 200)
    assert f"edition {int(edition) + 1} and not {edition}" in str(late.text("errorDescription"))
    assert store.get("P.N").text("nodeVersionReferenceType") == "X.T.3"
    assert change(store, action="force", nodeEdition=str(int(edition) + 1)).number == 0


@pytest.mark.ledger("DEC-152")
def test_if_match_takes_the_etag_of_the_impact(store: Client) -> None:
    tag = change(store).response.headers["ETag"]
    assert change(store, new_type="X.T.3", action="force", if_match=tag).number == 0
    late = change(store, action="force", if_match=tag)
    assert (late.number, late.status) == (106, 412)
    assert change(store, action="force", if_match="*").number == 0


def test_the_editor_the_index_and_the_audit_are_up_to_date(store: Client, engine: Engine, make_user: MakeUser) -> None:
    make_user("ann", "package-administer P", "package-use-type X")
    assert change(store.as_user("ann"), action="force").number == 0
    versions = store.post(message("ListNodeVersions", {"nodeReference": "P.N"}))
    assert versions.text("VersionList/Version/userLogonReferenceAmendedBy") == "ann"
    assert store.post(message("Search", {"query": "lost"})).text("numberOfResults") == "0"
    with engine.connect() as connection:
        query = """
            SELECT user_logon_reference, object_name, details FROM audit JOIN account USING (user_identifier)
            WHERE action = 'node-type-changed'
        """
        (row,) = connection.execute(text(query))
    assert tuple(row) == ("ann", "P.N", {"version": 1, "type": "X.T.2"})
