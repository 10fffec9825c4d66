"""UpdateNodeVersions: the rows of the response, field by field."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from tests.support.builders import (
    MEMBER_TYPE_LIST,
    Graph,
    M,
    V,
    draft,
    frozen,
    links,
    member_type,
    moves,
    package,
    type_with,
)
from tests.support.http import Client, Reply

SIX = (
    "nodeVersionIdentifier",
    "nodeVersionReference",
    "nodeName",
    "nodeIdentifier",
    "nodeReference",
    "nodeVersionNumber",
)


def fields(element: etree._Element | None) -> list[str]:
    """The names of the children, in order."""
    assert element is not None
    return [str(child.tag) for child in element]


def top(reply: Reply) -> list[str | None]:
    return [reply.text(name) for name in SIX]


def typed() -> Graph:
    """P.N has the type X.T.1; X.T.2 has no place for its data under X.k."""
    return (
        Graph()
        .node("P", package())
        .node("P.N", V((M("X.k.1", "P.B.1", "lost"), M("X.k.1", value="lost too"), M("X.m.1", "P.B.1")), "X.T.1"))
        .node("P.B", frozen(), frozen())
        .node("X.k", member_type())
        .node("X.m", member_type())
        .node("X.T", type_with("X.k.1", "X.m.1"), type_with("X.m.1"))
    )


# Each row


@pytest.mark.ledger("UNV-5", "UNV-44", "UNV-47", "UNV-56")
def test_a_version_row_has_the_new_links_and_no_type_where_that_stays(client: Client) -> None:
    client.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft(name="Better")))
    (update,) = client.update("P").updates()
    assert update == {
        "nodeReference": "P.A",
        "nodeVersionNumber": "1",
        "nodeName": "A",
        "updateType": "version",
        "typeUpdateType": "none",
        "members": moves("P.B.2"),
    }


@pytest.mark.ledger("UNV-5", "UNV-48")
def test_a_change_row_has_the_same_fields(client: Client) -> None:
    client.load(Graph().node("P.A", draft(*links("P.B.1"))).node("P.B", frozen(), draft()))
    (update,) = client.update("P").updates()
    assert update == {
        "nodeReference": "P.A",
        "nodeVersionNumber": "1",
        "nodeName": "A",
        "updateType": "change",
        "typeUpdateType": "none",
        "members": moves("P.B.2"),
    }


@pytest.mark.ledger("UNV-54", "UNV-55", "DEC-3")
def test_a_row_with_a_type_change_names_the_new_type_version(client: Client) -> None:
    client.load(typed())
    tree = client.update("P", sourceScope="current").tree
    assert fields(tree.find("UpdateList/Update")) == [
        "nodeReference",
        "nodeVersionNumber",
        "nodeName",
        "updateType",
        "typeUpdateType",
        "nodeReferenceType",
        "nodeVersionNumberType",
        "nodeNameType",
        "MemberUpdateList",
    ]
    names = ("typeUpdateType", "nodeReferenceType", "nodeVersionNumberType", "nodeNameType")
    assert [tree.findtext(f"UpdateList/Update/{name}") for name in names] == ["change", "X.T", "2", "T"]


FIVE = ["nodeReference", "nodeVersionNumber", "nodeName", "updateType", "errorMessage"]


@pytest.mark.ledger("UNV-53")
def test_a_warning_row_has_an_explanation_and_no_other_fields(client: Client, make_user: Callable[..., None]) -> None:
    client.load(Graph().node("P", package()).node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), frozen()))
    make_user("ann", "package-read P")
    for action in ("impact", "force"):
        row = client.as_user("ann").update("P", action).tree.find("UpdateList/Update")
        assert fields(row) == FIVE
        assert row is not None
        assert [child.text for child in row] == ["P.A", "1", "A", "warning", "Not authorised to administer this node"]


@pytest.mark.ledger("UNV-53")
def test_an_error_row_has_an_explanation_and_no_other_fields(client: Client) -> None:
    client.load(
        Graph()
        .node("P.m", member_type(), member_type(draft=True, USE_VALUE="false"))
        .node("P.T", type_with("P.m.1"))
        .node("P.N", V((M("P.m.1", value="red"),), "P.T.1"))
    )
    row = client.update("P", "force").tree.find("UpdateList/Update")
    assert fields(row) == FIVE
    assert row is not None
    explanation = "The data breaks the rules of P.m.2, which allows no value"
    assert [child.text for child in row] == ["P.N", "1", "N", "error", explanation]


@pytest.mark.ledger("UNV-51", "UNV-52")
def test_updates_of_type_error_occur_with_force_alone(client: Client) -> None:
    client.load(
        Graph()
        .node("P.m", member_type(), member_type(draft=True, USE_VALUE="false"))
        .node("P.T", type_with("P.m.1"))
        .node("P.N", V((M("P.m.1", value="red"),), "P.T.1"))
    )
    kinds = [[row["updateType"] for row in client.update("P", action).updates()] for action in ("impact", "force")]
    assert kinds == [["warning", "version"], ["error", "version"]]


@pytest.mark.ledger("UNV-57", "UNV-59")
def test_member_updates_have_the_fields_of_the_document(client: Client) -> None:
    client.load(typed())
    tree = client.update("P", sourceScope="current").tree
    member_type_fields = ["nodeReferenceMemberType", "nodeVersionNumberMemberType", "nodeNameMemberType"]
    remove, change = tree.iterfind("UpdateList/Update/MemberUpdateList/MemberUpdate")
    assert fields(remove) == [*member_type_fields, "memberUpdateType"]
    targets = ["nodeReferenceTarget", "nodeVersionNumberTarget", "nodeNameTarget"]
    assert fields(change) == [*member_type_fields, "memberUpdateType", *targets]
    assert [child.text for child in remove] == ["X.k", "1", "k", "remove"]
    assert [child.text for child in change] == ["X.m", "1", "m", "change", "P.B", "2", "B"]


@pytest.mark.ledger("UNV-45")
def test_names_are_those_of_the_versions_that_are_shown(client: Client) -> None:
    client.load(
        Graph()
        .node("P.A", frozen(*links("P.B.1"), name="Axle"))
        .node("P.B", frozen(*links("P.C.1"), name="Bolt"))
        .node("P.C", frozen(name="Chain"), draft(name="Chain, longer"))
    )
    for action in ("impact", "force"):
        tree = client.update("P", action).tree
        assert [name.text for name in tree.iterfind("UpdateList/Update/nodeName")] == ["Axle", "Bolt"]
        assert [name.text for name in tree.iterfind(".//nodeNameTarget")] == ["Bolt", "Chain, longer"]


# Rows and their order


@pytest.mark.ledger("UNV-44", "DEC-9")
def test_rows_come_in_the_order_of_references(client: Client) -> None:
    graph = Graph().node("P.B", frozen(), draft())
    references = ["P.a", "P.A_", "P.Z", "P.A.x", "P._", "P.A", "P.A0"]
    for reference in references:
        graph.node(reference, frozen(*links("P.B.1")))
    client.load(graph)
    assert [row["nodeReference"] for row in client.update("P").updates()] == sorted(references)


@pytest.mark.ledger("UNV-57", "DEC-9")
def test_each_member_has_an_update_of_its_own_by_member_type_list_then_sequence(client: Client) -> None:
    client.load(
        Graph()
        .node("P.B", frozen(), draft())
        .node("P.C", frozen(), draft())
        .node("X.m", member_type())
        .node("X.k", member_type())
        .node("X.T", type_with("X.m.1", "X.k.1"))
        .node("P.N", V((M("X.k.1", "P.C.1"), M("X.m.1", "P.C.1"), M("X.k.1", "P.B.1"), M("X.m.1", "P.B.1")), "X.T.1"))
    )
    members = f"{moves('P.C.2', 'P.B.2', member_type='X.m.1')}, {moves('P.C.2', 'P.B.2', member_type='X.k.1')}"
    assert client.update("P").rows() == [f"P.N.1 version: {members}"]


@pytest.mark.ledger("UNV-57")
def test_two_members_with_the_same_target_are_two_updates(client: Client) -> None:
    client.load(Graph().node("P.A", frozen(*links("P.B.1", "P.B.1"))).node("P.B", frozen(), draft()))
    assert client.update("P").rows() == [f"P.A.1 version: {moves('P.B.2', 'P.B.2')}"]


@pytest.mark.ledger("UNV-60")
def test_a_removed_member_type_is_one_update_however_many_members_and_targets_it_had(client: Client) -> None:
    client.load(typed())
    members = f"remove X.k.1, {moves('P.B.2', member_type='X.m.1')}"
    assert client.update("P", sourceScope="current").rows() == [f"P.N.1 version type X.T.2: {members}"]


# Numbers


@pytest.mark.ledger("UNV-46")
def test_for_creates_the_impact_shows_the_old_number_and_the_force_the_new_one(client: Client) -> None:
    client.load(Graph().node("P.A", frozen(), frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    numbers = [client.update("P", action).updates()[0]["nodeVersionNumber"] for action in ("impact", "force")]
    assert numbers == ["2", "3"]


@pytest.mark.ledger("UNV-46")
def test_for_changes_impact_and_force_show_the_same_number(client: Client) -> None:
    client.load(Graph().node("P.A", frozen(), draft(*links("P.B.1"))).node("P.B", frozen(), draft()))
    numbers = [client.update("P", action).updates()[0]["nodeVersionNumber"] for action in ("impact", "force")]
    assert numbers == ["2", "2"]


@pytest.mark.ledger("UNV-55", "UNV-59")
def test_numbers_of_targets_and_types_are_the_new_ones_in_both(client: Client) -> None:
    client.load(
        Graph()
        .node("P.A", frozen(*links("P.N.1")))
        .node("P.m", member_type(), member_type(draft=True))
        .node("P.T", type_with("P.m.1"))
        .node("P.N", V((), "P.T.1"))
    )
    for action, number in (("impact", 1), ("force", 2)):
        assert client.update("P", action).rows() == [
            f"P.A.{number} version: {moves('P.N.2')}",
            f"P.N.{number} version type P.T.2",
            f"P.T.{number} version: {moves('P.m.2', member_type=MEMBER_TYPE_LIST)}",
        ]


@pytest.mark.ledger("UNV-61", "UNV-62")
def test_member_type_numbers_are_those_before_the_update(client: Client) -> None:
    client.load(
        Graph()
        .node("P.B", frozen(), draft())
        .node("P.m", member_type(), member_type(draft=True))
        .node("P.T", type_with("P.m.1"))
        .node("P.N", V((M("P.m.1", "P.B.1"),), "P.T.1"))
    )
    for action, number in (("impact", 1), ("force", 2)):
        rows = client.update("P", action).rows()
        assert rows[0] == f"P.N.{number} version type P.T.2: {moves('P.B.2', member_type='P.m.1')}"
    assert client.get("P.N").members() == ["P.m.2 -> P.B.2"]


@pytest.mark.ledger("UNV-63")
def test_nodes_that_have_only_member_type_changes_are_not_listed(client: Client) -> None:
    client.load(
        Graph()
        .node("P.m", member_type(), member_type(draft=True))
        .node("P.T", type_with("P.m.1", draft=True))
        .node("P.N", V((M("P.m.1", value="red"),), "P.T.1", draft=True))
    )
    assert [row["nodeReference"] for row in client.update("P", "force").updates()] == ["P.T"]
    assert client.get("P.N").members() == ["P.m.2 = red"]


# The context


@pytest.mark.ledger("UNV-42", "DEC-7", "DEC-8")
def test_the_identifying_fields_are_those_of_the_latest_version_before_an_impact_and_after_a_force(
    client: Client,
) -> None:
    client.load(Graph().node("P", frozen(*links("P.B.1"), name="Pump")).node("P.B", frozen(), draft()))
    identifier = client.get("P").text("nodeIdentifier") or ""
    for action, number in (("impact", "1"), ("force", "2"), ("impact", "2")):
        version_identifier = f"{identifier}{number.zfill(6)}"
        assert top(client.update("P", action)) == [version_identifier, f"P.{number}", "Pump", identifier, "P", number]


def test_the_identifying_fields_are_those_of_the_version_asked_for_by_identifier(client: Client) -> None:
    client.load(Graph().node("P", package(), draft(name="Pump")))
    reply = client.update("P")
    again = client.update("", nodeIdentifier=reply.text("nodeIdentifier") or "")
    assert top(reply) == top(again)
    assert (top(reply)[1], top(reply)[2]) == ("P.2", "Pump")


@pytest.mark.ledger("UNV-42")
def test_a_draft_that_the_user_may_not_use_is_not_the_latest_version(
    client: Client, make_user: Callable[..., None]
) -> None:
    client.load(Graph().node("P", package(), draft(name="Secret")).node("Q", draft(name="Secret")))
    make_user("ann", "node-read P", "node-read Q")
    seen, unseen = (client.as_user("ann").update(reference) for reference in ("P", "Q"))
    assert top(seen)[1:3] == ["P.1", "P"]
    assert top(unseen) == [None, None, None, unseen.text("nodeIdentifier"), "Q", None]


@pytest.mark.ledger("UNV-43")
@pytest.mark.parametrize("action", ["impact", "force"])
def test_an_up_to_date_context_has_an_empty_list(client: Client, action: str) -> None:
    client.load(Graph().node("P", package()).node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen()))
    reply = client.update("P", action)
    assert (reply.number, reply.rows()) == (0, [])
    assert fields(reply.tree)[-1] == "UpdateList"
