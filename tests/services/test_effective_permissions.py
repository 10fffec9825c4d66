"""GetEffectivePermissions: what a user may do with a node, what gives each permission, and who may ask."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.builders import Graph, frozen, package
from tests.support.http import ADMIN, Client, Reply, message

MakeUser = Callable[..., None]


@pytest.fixture
def nodes(client: Client) -> Client:
    client.load(Graph().node("acme", package()).node("acme.parts", package()).node("acme.parts.Bolt", frozen()))
    return client


def ask(client: Client, node: str, user: str | None = None) -> Reply:
    given = {"nodeReference": node} | ({} if user is None else {"userLogonReferenceDetails": user})
    return client.post(message("GetEffectivePermissions", given))


def found(reply: Reply) -> dict[str, list[str]]:
    """Each permission in effect, with its sources."""
    assert reply.number == 0, reply.response.text
    return {
        each.findtext("permissionTypeReference") or "": [
            " ".join(
                source.findtext(name) or "-"
                for name in ("sourceKind", "permissionTypeReference", "userGroupReference", "objectReference")
            )
            for source in each.iter("Source")
        ]
        for each in reply.tree.iter("EffectivePermission")
    }


@pytest.mark.ledger("DEC-341")
def test_each_permission_names_all_that_it_comes_from(nodes: Client, make_user: MakeUser) -> None:
    make_user("ann", "package-update acme", "node-link acme.parts.Bolt")
    by_package = "permission package-update ann acme"
    by_node = "permission node-link ann acme.parts.Bolt"
    expected = {
        "node-read": [by_package, by_node],
        "node-link": [by_node],
        "node-use-type": [by_node],
        "node-use-draft": [by_package],
        "node-update": [by_package],
    }
    assert found(ask(nodes, "acme.parts.Bolt", "ann")) == expected
    assert found(ask(nodes.as_user("ann"), "acme.parts.Bolt")) == expected, "of oneself"
    assert found(ask(nodes.as_user("ann"), "acme.parts.Bolt", "ann")) == expected
    assert list(found(ask(nodes, "acme", "ann"))) == ["node-read", "node-use-draft", "node-update"]


def test_a_source_can_be_taken_back_by_its_identifier(nodes: Client, make_user: MakeUser) -> None:
    make_user("ann", "node-read acme.parts.Bolt")
    identifier = next(ask(nodes, "acme.parts.Bolt", "ann").tree.iter("permissionIdentifier")).text or ""
    assert nodes.post(message("DeletePermission", {"permissionIdentifier": identifier})).number == 0
    assert found(ask(nodes, "acme.parts.Bolt", "ann")) == {}


def test_an_owner_and_an_administrator_may_do_everything(nodes: Client, make_user: MakeUser) -> None:
    make_user("ann", "package-use acme")
    mine = Graph().node("acme.Mine", frozen())
    nodes.as_user("ann").load(mine)
    rights = found(ask(nodes, "acme.Mine", "ann"))
    assert len(rights) == 8
    assert rights["node-administer"] == ["ownership - ann acme.Mine"]
    assert rights["package-use"] == ["ownership - ann acme.Mine", "permission package-use ann acme"]
    assert found(ask(nodes, "acme"))["node-administer"] == [
        "ownership - admin acme",
        f"permission administer-all {ADMIN} -",
    ]


def test_on_a_node_of_the_system_package_nobody_may_do_more_than_link(nodes: Client) -> None:
    rights = found(ask(nodes, "system.NODE_LIST_TYPE"))
    assert list(rights) == ["node-read", "node-link", "node-use-type"]


def test_a_disabled_user_may_do_nothing(nodes: Client, make_user: MakeUser) -> None:
    make_user("ann", "package-update acme")
    nodes.post(message("UpdateUserStatus", {"userLogonReferenceUpdate": "ann", "action": "disable"}))
    reply = ask(nodes, "acme", "ann")
    assert (reply.text("userEnabledIndicator"), found(reply)) == ("false", {})


@pytest.mark.ledger("DEC-341")
def test_refusals_reveal_neither_other_users_nor_hidden_nodes(nodes: Client, make_user: MakeUser) -> None:
    make_user("ann", "node-read acme.parts.Bolt")
    make_user("bob")
    ann = nodes.as_user("ann")
    others = {ask(ann, node, user).response.text for node in ("acme", "acme.None") for user in ("bob", "none")}
    assert len(others) == 1
    assert [ask(ann, "acme.parts.Bolt", "bob").number, ask(ann, "acme").number, ask(ann, "acme.None").number] == [
        101,
        101,
        105,
    ]
    assert [ask(nodes.as_user(None), node).number for node in ("acme", "acme.None")] == [101, 101]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "nodeReference"),
        ({"nodeReference": "a..b"}, "nodeReference"),
        ({"nodeReference": "acme.None"}, "nodeReference"),
        ({"nodeIdentifier": "999999"}, "nodeIdentifier"),
        ({"nodeReference": "acme", "userLogonReferenceDetails": "none"}, "userLogonReferenceDetails"),
        ({"nodeReference": "acme", "userLogonReferenceDetails": "public"}, "userLogonReferenceDetails"),
    ],
)
def test_wrong_fields_are_reported(nodes: Client, given: dict[str, str], field: str) -> None:
    reply = nodes.post(message("GetEffectivePermissions", given))
    assert (reply.status, reply.number, reply.text("errorFields")) == (200, 105, field)
