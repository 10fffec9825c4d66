"""CopyNode: a new draft of a node, or a new node, from a version."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from tests.support.builders import Graph, M, V, draft, frozen, links, member_type, type_with
from tests.support.http import Client, Reply, message

MakeUser = Callable[..., None]

GRAPH = (
    Graph()
    .node("P.m", member_type())
    .node("P.T", type_with("P.m.1"))
    .node("P.B", frozen(), draft(name="Bolt"))
    .node(
        "P.A",
        V(
            (M("P.m.1", value="a", scale=1.5, target="P.B.1", comment="kept back"), M("P.m.1", value="b")),
            type="P.T.1",
            name="Axle",
            comment="the first",
        ),
    )
    .node("P.Drafted", frozen(name="Old"), draft(*links("P.B.2"), name="New"))
    .node("P.Other", frozen(name="Other"))
    .node("Q.inner.X", frozen())
)
MEMBERS = ["P.m.1 = a * 1.5 -> P.B.1", "P.m.1 = b"]


@pytest.fixture
def store(client: Client) -> Client:
    client.load(GRAPH)
    return client


def ask(client: Client, source: str, to: str, name: str = "") -> Reply:
    given = {"nodeVersionReferenceFrom": source, "nodeReferenceTo": to, "nodeNameTo": name}
    return client.post(message("CopyNode", given))


def field(reply: Reply) -> str | None:
    """The field with the fault."""
    assert reply.number == 105
    return reply.text("errorFields")


def absent(client: Client, reference: str) -> bool:
    return client.post(message("GetNode", {"nodeVersionReference": reference})).number == 105


def test_a_copy_onto_its_own_node_is_its_new_draft(store: Client) -> None:
    reply = ask(store, "P.A", "P.A")
    assert (reply.text("nodeVersionReference"), reply.text("nodeName")) == ("P.A.2", "Axle")
    assert (reply.text("nodeReference"), reply.text("nodeVersionNumber")) == ("P.A", "2")
    copy = store.get("P.A.$draft")
    assert copy.text("nodeVersionIdentifier") == reply.text("nodeVersionIdentifier")
    assert (copy.text("nodeVersionReferenceType"), copy.members()) == ("P.T.1", MEMBERS)
    assert store.get("P.A.$current").text("nodeVersionNumber") == "1"


def test_a_copy_carries_no_comments(store: Client) -> None:
    ask(store, "P.A", "P.A")
    ask(store, "P.A.1", "P.Fresh")
    for copy in ("P.A.2", "P.Fresh.1"):
        assert store.get(copy).text("nodeVersionComment") is None
        assert "kept back" not in store.get(copy).response.text


def test_a_copy_onto_another_node_is_the_new_draft_of_that(store: Client) -> None:
    reply = ask(store, "P.A", "P.Other")
    assert (reply.text("nodeVersionReference"), reply.text("nodeName")) == ("P.Other.2", "Axle")
    assert store.get("P.Other.2").members() == MEMBERS
    assert store.get("P.Other.1").text("nodeName") == "Other"
    assert absent(store, "P.A.2")


def test_a_copy_to_a_new_reference_is_the_first_version_of_a_new_node(store: Client) -> None:
    reply = ask(store, "P.A", "P.Fresh")
    assert (reply.text("nodeVersionReference"), reply.text("nodeName")) == ("P.Fresh.1", "Axle")
    assert store.get("P.Fresh.$draft").members() == MEMBERS
    assert absent(store, "P.Fresh.$current")


def test_the_copy_may_be_given_a_name(store: Client) -> None:
    assert ask(store, "P.A", "P.A", "New axle").text("nodeName") == "New axle"
    assert ask(store, "P.A.1", "P.Fresh", " & more ").text("nodeName") == " & more "


def test_any_version_may_be_copied(store: Client) -> None:
    versions = {"P.Drafted": "New", "P.Drafted.$current": "Old", "P.Drafted.2": "New", "P.Drafted.1": "Old"}
    for number, (source, name) in enumerate(versions.items()):
        assert ask(store, source, f"P.Fresh{number}").text("nodeName") == name


def test_a_node_that_has_a_draft_gets_no_second_one(store: Client) -> None:
    for source in ("P.Drafted.1", "P.Drafted", "P.A"):
        assert field(ask(store, source, "P.Drafted")) == "nodeReferenceTo"
    assert store.get("P.Drafted").text("nodeName") == "New"


FAULTS = [
    ("", "P.A", "nodeVersionReferenceFrom"),
    ("P.X", "P.A", "nodeVersionReferenceFrom"),
    ("P.A.2", "P.Fresh", "nodeVersionReferenceFrom"),
    ("P.A.$draft", "P.Fresh", "nodeVersionReferenceFrom"),
    ("P..A", "P.Fresh", "nodeVersionReferenceFrom"),
    ("P.A", "", "nodeReferenceTo"),
    ("P.A", "P.Fresh.1", "nodeReferenceTo"),
    ("P.A", "P..Fresh", "nodeReferenceTo"),
    ("P.A", "P.Größe", "nodeReferenceTo"),
    ("P.A", "P.$draft", "nodeReferenceTo"),
    ("P.A", "P." + "x" * 999, "nodeReferenceTo"),
    ("P.A", "R.Fresh", "nodeReferenceTo"),
    ("P.A", "P.none.Fresh", "nodeReferenceTo"),
]


def test_an_impossible_copy_is_a_user_error(store: Client) -> None:
    for source, to, at_fault in FAULTS:
        assert field(ask(store, source, to)) == at_fault, (source, to)


def test_nothing_is_made_in_the_system_package(store: Client) -> None:
    for to in ("system.Fresh", "system.NULL", "system"):
        assert ask(store, "P.A", to).number == 101


def test_only_a_holder_of_administer_all_creates_top_level_nodes(store: Client, make_user: MakeUser) -> None:
    make_user("owner", "package-administer P")
    assert ask(store.as_user("owner"), "P.A", "Fresh").number == 101
    assert ask(store, "P.A", "Fresh").text("nodeVersionReference") == "Fresh.1"


def test_the_creator_of_a_node_owns_it(store: Client, make_user: MakeUser) -> None:
    make_user("maker", "package-use P", "package-link P")
    make_user("other", "package-use P", "package-link P")
    maker = store.as_user("maker")
    assert ask(maker, "P.A", "P.Fresh").number == 0
    assert maker.freeze("P.Fresh").number == 0
    assert ask(maker, "P.Fresh", "P.Fresh").text("nodeVersionReference") == "P.Fresh.2"
    assert ask(store.as_user("other"), "P.Fresh", "P.Fresh").number == 101


def test_an_anonymous_caller_creates_no_node(store: Client, engine: Engine) -> None:
    with engine.begin() as connection:
        for kind in ("package-use", "package-link"):
            connection.execute(
                text(
                    "INSERT INTO permission (permission_type, user_group_identifier, node_identifier)"
                    " SELECT :kind, 1, node_identifier FROM node WHERE node_reference = 'P'"
                ),
                {"kind": kind},
            )
    assert ask(store.as_user(None), "P.A", "P.Fresh").number == 101


def test_a_node_is_made_only_in_a_package_that_may_be_used(store: Client, make_user: MakeUser) -> None:
    make_user("reader", "package-link P", "package-update P")
    make_user("user", "package-link P", "package-use Q")
    assert ask(store.as_user("reader"), "P.A", "P.Fresh").number == 101
    assert ask(store.as_user("user"), "P.A", "Q.inner.Fresh").number == 0
    assert ask(store.as_user("user"), "P.A", "P.Fresh").number == 101
    assert absent(store, "P.Fresh")


def test_a_package_that_may_not_be_read_is_not_found(store: Client, make_user: MakeUser) -> None:
    make_user("user", "package-link P")
    hidden, unknown = (ask(store.as_user("user"), "P.A", f"{package}.Fresh") for package in ("Q", "Z"))
    assert field(hidden) == field(unknown) == "nodeReferenceTo"
    assert hidden.response.text.replace("Q", "Z") == unknown.response.text


def test_a_draft_is_created_only_by_an_administrator_of_the_node(store: Client, make_user: MakeUser) -> None:
    make_user("editor", "package-update P", "package-link P", "package-use P")
    make_user("owner", "node-administer P.A", "package-link P")
    assert ask(store.as_user("editor"), "P.A", "P.A").number == 101
    assert absent(store, "P.A.2")
    assert ask(store.as_user("owner"), "P.A", "P.A").number == 0


def test_a_reference_of_an_unreadable_node_is_taken(store: Client, make_user: MakeUser) -> None:
    make_user("user", "node-link P.B", "node-link P.T", "node-read P.A")
    reply = ask(store.as_user("user"), "P.A", "P.Other")
    assert field(reply) == "nodeReferenceTo"
    assert "taken" in (reply.text("errorMessage") or "")


def test_only_readable_members_are_copied(store: Client, make_user: MakeUser) -> None:
    make_user("user", "node-administer P.Other")
    assert ask(store.as_user("user"), "P.A", "P.Other").number == 101
    make_user("reader", "package-read P", "package-use P", "package-link P")
    assert field(ask(store.as_user("reader"), "P.Drafted.2", "P.Fresh")) == "nodeVersionReferenceFrom"
    assert ask(store.as_user("reader"), "P.Drafted", "P.Fresh").text("nodeName") == "Old"


@pytest.mark.parametrize("to", ["P.Fresh", "P.Other"])
@pytest.mark.parametrize(
    ("held", "shown"),
    [
        (["node-link P.B", "node-read P.T"], "use type P.T"),
        (["node-use-type P.T", "node-use-type P.B"], "link to P.B"),
        (["node-use-type P.T"], "link to a node that you may not read"),
        (["node-link P.B"], "use type a node that you may not read"),
    ],
)
def test_a_copy_keeps_only_targets_that_its_creator_may_link_to(
    store: Client, make_user: MakeUser, to: str, held: list[str], shown: str
) -> None:
    make_user("user", "node-read P.A", "node-administer P.Other", *held)
    if to == "P.Fresh":
        assert (
            store.post(
                message(
                    "CreatePermission",
                    {"permissionTypeReference": "package-use", "userGroupReference": "user", "objectReference": "Q"},
                )
            ).number
            == 0
        )
        to = "Q.Fresh"
    reply = ask(store.as_user("user"), "P.A", to)
    assert (reply.number, shown in (reply.text("errorDescription") or "")) == (101, True)
    assert absent(store, "Q.Fresh")
    assert absent(store, "P.Other.2")


def test_a_new_draft_keeps_the_links_of_its_own_node(store: Client, make_user: MakeUser) -> None:
    make_user("owner", "node-administer P.A")
    assert ask(store.as_user("owner"), "P.A", "P.A").number == 0
    assert store.get("P.A.2").members() == MEMBERS


def test_a_copy_may_link_to_itself_no_more_than_its_source(store: Client) -> None:
    store.load(Graph().node("P.Self", frozen(*links("P.Self.1"))))
    ask(store, "P.Self", "P.Fresh")
    assert store.get("P.Fresh").members() == ["system.NODE_LIST.1 -> P.Self.1"]
