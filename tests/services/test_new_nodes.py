"""SetNode creates nodes."""

from __future__ import annotations

import pytest

from tests.services.test_set_node import GRAPH, MakeUser, create, done
from tests.support.edits import faults, given, members, set_node
from tests.support.http import Client
from tests.support.solution_store import element


@pytest.fixture
def store(client: Client) -> Client:
    client.load(GRAPH)
    return client


def test_a_new_node_has_a_draft_of_its_own(store: Client) -> None:
    comment = element("NodeVersionCommentSection", nodeVersionComment="said")
    listed = members({"X.m": [given(value="red"), given(value="blue", to=1)], "X.bolt": [given(new_target="P.B")]})
    reply = done(create(store, comment, listed, nodeReference="P.New"))
    assert (reply.text("nodeVersionReference"), reply.text("nodeName")) == ("P.New.1", "New")
    shown = store.get("P.New.$draft")
    assert shown.members() == ["X.m.2 = blue", "X.m.2 = red", "X.bolt.1 -> P.B.2"]
    assert (shown.text("nodeVersionReferenceType"), shown.text("nodeVersionComment")) == ("X.T.1", "said")
    edited = set_node(store, "update", nodeVersionReference="P.New", nodeEdition=reply.text("nodeEdition"))
    assert done(edited).number == 0


@pytest.mark.ledger("DEC-158")
@pytest.mark.parametrize(
    ("section", "name", "reference"),
    [
        ({"nodeReferencePackage": "P", "nodeLocalReference": "Part"}, None, "P.Part"),
        ({"nodeReferencePackage": "P", "nodeLocalReference": "$auto"}, "Wheel, left", "P.Wheel_left"),
        ({"nodeReferencePackage": "P"}, "A", "P.A_2"),
        ({"nodeReference": "P.$auto"}, "2 wheels", "P._2_wheels"),
        ({"nodeReferencePackage": "P"}, "\u7121", "P.Node"),
        ({"nodeReferencePackage": "P"}, None, "P.T"),
        ({"nodeReference": "P.Full", "nodeReferencePackage": "Q", "nodeLocalReference": "Part"}, None, "P.Full"),
    ],
)
def test_the_reference_of_a_new_node(store: Client, section: dict[str, str], name: str | None, reference: str) -> None:
    where = element("NodeReferenceSection", **section)
    reply = done(set_node(store, "create", where, nodeVersionReferenceType="X.T.1", nodeName=name))
    assert reply.text("nodeReference") == reference
    assert reply.text("nodeName") == (name or reference.rpartition(".")[2])


@pytest.mark.ledger("DEC-159")
@pytest.mark.parametrize(
    ("section", "field"),
    [
        ({"nodeReference": "P.N"}, "nodeReference"),
        ({"nodeReference": "P.x-y"}, "nodeReference"),
        ({"nodeReference": "Q.none.N"}, "nodeReference"),
        ({"nodeReferencePackage": "Q.none"}, "nodeReferencePackage"),
        ({"nodeReferencePackage": "P", "nodeLocalReference": "1x"}, "nodeLocalReference"),
        ({}, "nodeReference"),
    ],
)
def test_an_invalid_or_taken_reference(store: Client, section: dict[str, str], field: str) -> None:
    (line,) = faults(create(store, **section))
    assert line.startswith(f"NodeReferenceSection/{field}: ")


def test_the_faults_of_a_new_node_come_together(store: Client) -> None:
    edits = {"X.one": [given(value="A")], "X.m": [given(target="P.none")]}
    found = faults(create(store, members(edits), nodeReference="-"))
    assert [line.partition(": ")[0] for line in found] == [
        "MemberTypeList/MemberType[2]/MemberList/Member[1]/nodeVersionReferenceTarget",
        "MemberTypeList/MemberType[1]/MemberList/Member[1]/nodeMemberValue",
        "NodeReferenceSection/nodeReference",
    ]


@pytest.mark.ledger("DEC-154")
@pytest.mark.parametrize("name", ["tabNumber", "context", "nodeVersionReferenceView", "protected", "ParentNodeSection"])
def test_elements_of_the_original_without_a_meaning_here_are_refused(store: Client, name: str) -> None:
    reply = set_node(store, "edit", nodeVersionReference="P.N", **{name: "1"})
    assert (reply.number, reply.status, reply.text("errorFields")) == (105, 400, name)


# Rights


@pytest.mark.parametrize(
    ("permissions", "number"),
    [
        (["package-use P", "package-use-type X"], 0),
        (["package-administer P", "package-use-type X"], 0),
        (["package-link P", "package-use-type X"], 101),
        (["package-use P", "package-read X"], 101),
        (["package-use P"], 105),
        (["package-use-type X"], 105),
    ],
)
def test_creating_a_node_needs_use_on_its_package_and_use_type_on_its_type(
    store: Client, make_user: MakeUser, permissions: list[str], number: int
) -> None:
    make_user("ann", *permissions)
    assert create(store.as_user("ann"), nodeReference="P.New").number == number
