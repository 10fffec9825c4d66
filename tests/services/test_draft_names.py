"""Services show the name of a draft only to users who may use the draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.builders import Graph, M, draft, frozen, links, member_type, package, type_with
from tests.support.http import Client, message

DRAFT_NAME = "Not yet announced"
GRAPH = (
    Graph()
    .node("P", package())
    .node("Q", package())
    .node("P.T", replace(type_with("P.m.1", "system.NODE_LIST.1", draft=True), name=f"{DRAFT_NAME} type"))
    .node("P.m", replace(member_type(draft=True), name=f"{DRAFT_NAME} member type"))
    .node("P.D", draft(name=f"{DRAFT_NAME} target"))
    .node("P.F", frozen(name="Old F"), frozen(name="New F"), draft(name=f"{DRAFT_NAME} F"))
    .node("P.A", draft(M("P.m.1", target="P.F.1"), *links("P.D.1"), type="P.T.1", name="Axle"))
    .node("P.R", frozen(*links("P.F.1"), name="R"), draft(name=f"{DRAFT_NAME} R"))
)
# The requests of a user who administers P.A, and may read, link to and use as types all other nodes.
QUESTIONS = {
    "GetNode": {"nodeVersionReference": "P.A.$draft"},
    "GetNode of a draft": {"nodeVersionReference": "P.D.1"},
    "GetNode of the latest": {"nodeVersionReference": "P.F"},
    "GetNode of the best": {"nodeVersionReference": "P.R.$best"},
    "FreezeNode": {"nodeReference": "P.A"},
    "FreezeNode by force": {"nodeReference": "P.A", "action": "force"},
    "FreezeNode of all": {"nodeReference": "P", "freezeContentIndicator": "true"},
    "UpdateNodeVersions": {"nodeReference": "P", "updateContentIndicator": "true", "sourceScope": "current"},
    "UpdateNodeVersions to the latest": {
        "nodeReference": "P",
        "updateContentIndicator": "true",
        "sourceScope": "latest",
    },
    "UpdateNodeVersions by force": {
        "nodeReference": "P",
        "updateContentIndicator": "true",
        "sourceScope": "current",
        "action": "force",
    },
    "ChangeNodeType": {"nodeVersionReference": "P.A", "nodeVersionReferenceNewType": "P.F"},
    "ChangeNodeType to a draft": {"nodeVersionReference": "P.A", "nodeVersionReferenceNewType": "P.F.3"},
    "SetNode": {"nodeVersionReference": "P.A"},
    "SetNode of a type": {"action": "new", "nodeVersionReferenceType": "P.F"},
    "SetNode by force": {"action": "force", "nodeVersionReference": "P.A"},
    "CopyNode": {"nodeVersionReferenceFrom": "P.A.1", "nodeReferenceTo": "Q.A"},
    "CopyNode onto a draft": {"nodeVersionReferenceFrom": "P.A.1", "nodeReferenceTo": "P.F"},
    "CopyNode of a draft": {"nodeVersionReferenceFrom": "P.D.1", "nodeReferenceTo": "Q.D"},
}


@pytest.fixture
def partly(client: Client, make_user: Callable[..., None]) -> Client:
    """A client signed in as a user who may use only the draft of P.A."""
    client.load(GRAPH)
    make_user("partly", "package-link P", "package-use-type P", "node-administer P.A", "package-use Q")
    return client.as_user("partly")


@pytest.mark.ledger("DEC-115")
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_name_is_not_shown_without_use_draft(partly: Client, question: str) -> None:
    reply = partly.post(message(question.partition(" ")[0], QUESTIONS[question]))
    assert reply.number in {0, 101, 105, 108, 109}
    assert DRAFT_NAME not in reply.response.text
    assert (
        partly.as_user("admin").post(message("GetNode", {"nodeVersionReference": "P.D"})).text("nodeName") is not None
    )


def test_link_targets_are_shown_without_the_names_of_their_drafts(partly: Client) -> None:
    reply = partly.get("P.A.$draft")
    assert reply.text("nodeName") == "Axle"
    assert (reply.text("nodeVersionReferenceType"), reply.text("nodeNameType")) == ("P.T.1", None)
    assert sorted(reply.members()) == ["P.m.1 -> P.F.1", "system.NODE_LIST.1 -> P.D.1"]
    names = [member.findtext("nodeNameTarget") for member in reply.tree.iterfind("MemberList/Member")]
    assert sorted(map(str, names)) == ["None", "Old F"]


@pytest.mark.ledger("DEC-115")
def test_nodes_that_prevent_a_freeze_are_listed_without_the_names_of_their_drafts(partly: Client) -> None:
    reply = partly.post(message("FreezeNode", {"nodeReference": "P.A"}))
    rows = [(row.findtext("nodeReference"), row.findtext("nodeName")) for row in reply.tree.iterfind("NodeList/Node")]
    assert (reply.number, rows) == (109, [("P.D", ""), ("P.T", ""), ("P.m", "")])


def test_a_row_shows_only_names_that_its_reader_may_read(partly: Client) -> None:
    reply = partly.post(message("UpdateNodeVersions", QUESTIONS["UpdateNodeVersions"]))
    assert [(row["nodeReference"], row["nodeName"], row["updateType"]) for row in reply.updates()] == [
        ("P.A", "Axle", "change"),
        ("P.R", "R", "warning"),
    ]
    (member,) = reply.tree.iterfind("UpdateList/Update/MemberUpdateList/MemberUpdate")
    assert (member.findtext("nodeNameMemberType"), member.findtext("nodeNameTarget")) == ("", "New F")


def test_with_use_draft_names_are_shown(client: Client, make_user: Callable[..., None]) -> None:
    client.load(GRAPH)
    make_user("user", "package-use-draft P", "package-link P", "node-administer P.A")
    user = client.as_user("user")
    for service, given in (
        ("GetNode", {"nodeVersionReference": "P.A"}),
        ("FreezeNode", {"nodeReference": "P.A"}),
        ("UpdateNodeVersions", QUESTIONS["UpdateNodeVersions"]),
    ):
        assert DRAFT_NAME in user.post(message(service, given)).response.text
