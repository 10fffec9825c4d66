"""UpdateNodeVersions: the rights that the user needs, and the result without them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.builders import LIST, Graph, M, V, draft, frozen, links, member_type, moves, package, type_with
from tests.support.http import Client

NOT_MINE = "warning: Not authorised to administer this node"
MakeUser = Callable[..., None]


def chain() -> Graph:
    """P.A links to P.B and P.D, and P.B to P.C; P.C has a draft."""
    return (
        Graph()
        .node("P", package())
        .node("P.A", frozen(*links("P.B.1", "P.D.1")))
        .node("P.B", frozen(*links("P.C.1")))
        .node("P.C", frozen(), draft())
        .node("P.D", frozen())
    )


def outside() -> Graph:
    """P.A links to X.C and X.D, P.N has the type X.T; all of X have 1 and 2 frozen."""
    return (
        Graph()
        .node("P", package())
        .node("P.A", frozen(*links("X.C.1", "X.D.1")))
        .node("P.N", V((), "X.T.1"))
        .node("X.C", frozen(), frozen())
        .node("X.D", frozen(), frozen())
        .node("X.T", type_with(), type_with())
    )


def both(client: Client, reference: str = "P", scope: str = "node", always: str = "false") -> list[str]:
    """The rows of an impact. A force that follows has the same rows, except for the numbers of new versions."""
    impact, force = (
        client.update(reference, action, sourceScope=scope, alwaysCreateNewVersionIndicator=always)
        for action in ("impact", "force")
    )
    assert impact.number == force.number
    assert [row["updateType"] for row in impact.updates()] == [row["updateType"] for row in force.updates()]
    return impact.rows()


# Administer


@pytest.mark.ledger("UNV-26", "UNV-29")
def test_108_and_a_warning_for_a_node_that_the_user_may_not_administer(client: Client, make_user: MakeUser) -> None:
    client.load(chain())
    make_user("ann", "package-read P", "node-use-draft P.C", "node-administer P.A")
    assert client.as_user("ann").update("P").number == 108
    assert both(client.as_user("ann")) == [f"P.B.1 {NOT_MINE}"]
    assert [client.get(node).text("nodeVersionNumber") for node in ("P.A", "P.B")] == ["1", "1"]


@pytest.mark.ledger("UNV-64")
def test_only_nodes_that_require_updates_have_to_be_administered(client: Client, make_user: MakeUser) -> None:
    client.load(chain())
    make_user("ann", "package-link P", "node-use-draft P.C", "node-administer P.A", "node-administer P.B")
    rows = both(client.as_user("ann"))
    assert rows == [f"P.A.1 version: {moves('P.B.2')}", f"P.B.1 version: {moves('P.C.2')}"]


@pytest.mark.ledger("UNV-64")
def test_nodes_that_require_a_new_version_have_to_be_administered(client: Client, make_user: MakeUser) -> None:
    client.load(Graph().node("P", package()).node("P.A", frozen()).node("P.D", draft()))
    make_user("ann", "package-read P", "node-use-draft P.D", "node-administer P")
    assert both(client.as_user("ann"), always="true") == ["P.1 version", f"P.A.1 {NOT_MINE}"]


@pytest.mark.ledger("UNV-26")
def test_the_content_need_not_be_administered_if_it_is_not_updated(client: Client, make_user: MakeUser) -> None:
    client.load(Graph().node("P", frozen(*links("X.C.1"))).node("P.A", frozen(*links("X.C.1"))).node("X.C", frozen()))
    client.load(Graph().node("X.C", frozen(), first=2))
    make_user("ann", "node-administer P", "package-link X")
    reply = client.as_user("ann").update("P", "force", content=False, sourceScope="current")
    assert (reply.number, reply.rows()) == (0, [f"P.2 version: {moves('X.C.2')}"])


@pytest.mark.ledger("UNV-26")
@pytest.mark.parametrize("permission", ["node-read", "node-link", "node-use-draft", "node-update", "node-execute"])
def test_nothing_less_than_administer_lets_a_user_update_a_node(
    client: Client, make_user: MakeUser, permission: str
) -> None:
    client.load(chain())
    make_user("ann", "node-read P", f"{permission} P.B", "node-use-draft P.C")
    assert both(client.as_user("ann")) == [f"P.B.1 {NOT_MINE}"]


@pytest.mark.ledger("UNV-26")
def test_package_administer_holds_for_all_content(client: Client, make_user: MakeUser) -> None:
    client.load(Graph().node("P", package()).node("P.s.A", frozen(*links("P.s.B.1"))).node("P.s.B", frozen(), draft()))
    make_user("ann", "package-administer P")
    assert both(client.as_user("ann")) == [f"P.s.A.1 version: {moves('P.s.B.2')}"]


def test_the_owner_of_a_node_administers_it(client: Client, make_user: MakeUser) -> None:
    client.load(Graph().node("P", package()))
    make_user("ann", "package-use P")
    ann = client.as_user("ann")
    ann.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    assert both(ann) == [f"P.A.1 version: {moves('P.B.2')}"]


@pytest.mark.ledger("DEC-17")
def test_the_system_package_cannot_be_administered(client: Client) -> None:
    reply = client.update("system", "force", alwaysCreateNewVersionIndicator="true")
    assert reply.number == 108
    assert {row["errorMessage"] for row in reply.updates()} == {"Not authorised to administer this node"}
    assert client.get("system.NODE_LIST").text("nodeVersionNumber") == "1"


# Link and use type


@pytest.mark.ledger("UNV-27", "UNV-66")
def test_108_and_a_warning_for_a_target_that_the_user_may_not_link_to(client: Client, make_user: MakeUser) -> None:
    client.load(outside())
    make_user("ann", "package-administer P", "node-read X.C", "node-use-draft X.D", "node-use-type X.T")
    rows = both(client.as_user("ann"), scope="current")
    explanation = "Not authorised to link to X.C.2; Not authorised to link to X.D.2"
    assert rows == [f"P.A.1 warning: {explanation}", "P.N.1 version type X.T.2"]
    assert client.get("P.A").members() == ["system.NODE_LIST.1 -> X.C.1", "system.NODE_LIST.1 -> X.D.1"]


@pytest.mark.ledger("UNV-27")
def test_only_targets_that_are_updated_have_to_be_linkable(client: Client, make_user: MakeUser) -> None:
    client.load(
        Graph().node("P.A", frozen(*links("X.C.1", "X.D.1"))).node("X.C", frozen(), frozen()).node("X.D", frozen())
    )
    make_user("ann", "package-administer P", "node-link X.C", "node-read X.D")
    assert both(client.as_user("ann"), scope="current") == [f"P.A.1 version: {moves('X.C.2')}"]


@pytest.mark.ledger("UNV-28", "UNV-65")
def test_108_and_a_warning_for_a_type_that_the_user_may_not_use(client: Client, make_user: MakeUser) -> None:
    client.load(
        Graph()
        .node("P.M", V((), "Y.T.1"))
        .node("P.N", V((), "X.T.1"))
        .node("X.T", type_with(), type_with())
        .node("Y.T", type_with(), type_with())
    )
    make_user("ann", "package-administer P", "node-use-type X.T", "node-read Y.T")
    rows = both(client.as_user("ann"), scope="current")
    assert rows == ["P.M.1 warning: Not authorised to use type Y.T.2", "P.N.1 version type X.T.2"]
    assert client.get("P.M").text("nodeVersionReferenceType") == "Y.T.1"


@pytest.mark.ledger("UNV-28")
@pytest.mark.parametrize("permission", ["node-use-type", "node-link", "node-administer"])
def test_use_type_is_enough_for_a_type_and_link_implies_it(
    client: Client, make_user: MakeUser, permission: str
) -> None:
    client.load(outside())
    make_user("ann", "node-read P", "node-administer P.N", f"{permission} X.T")
    assert both(client.as_user("ann"), scope="current") == ["P.N.1 version type X.T.2"]


@pytest.mark.ledger("UNV-27")
def test_use_type_is_not_enough_for_a_target(client: Client, make_user: MakeUser) -> None:
    client.load(outside())
    make_user("ann", "package-administer P", "node-use-type X.C", "node-link X.D")
    rows = both(client.as_user("ann"), scope="current")
    assert rows == ["P.A.1 warning: Not authorised to link to X.C.2"]


@pytest.mark.ledger("UNV-53")
def test_all_reasons_are_given_at_once(client: Client, make_user: MakeUser) -> None:
    client.load(
        Graph()
        .node("P.E", V((M("X.k.1"), *links("X.C.1")), "X.T.1", draft=True))
        .node("X.C", frozen(), frozen())
        .node("X.k", member_type())
        .node("X.T", type_with("X.k.1", LIST), type_with(LIST))
    )
    make_user("ann", "node-administer P.E", "package-read X")
    explanation = (
        "Not authorised to use type X.T.2",
        "Can not update to type X.T.2: the type has no version of a member type that this draft has data for",
        "Not authorised to link to X.C.2",
    )
    (row,) = both(client.as_user("ann"), "P.E", scope="current")
    assert row == f"P.E.1 warning: {'; '.join(explanation)}"


# What is bypassed, and what is not


@pytest.mark.ledger("UNV-30", "UNV-82")
def test_blocked_nodes_do_not_stop_the_others(client: Client, make_user: MakeUser) -> None:
    client.load(
        Graph()
        .node("P", package())
        .node("P.A", frozen(*links("P.B.1")))
        .node("P.B", frozen(), draft())
        .node("P.C", frozen(*links("P.B.1")))
        .node("P.D", frozen(*links("P.C.1")))
    )
    make_user("ann", "package-read P", *(f"node-administer P.{name}" for name in "BCD"))
    assert both(client.as_user("ann")) == [
        f"P.A.1 {NOT_MINE}",
        f"P.C.1 version: {moves('P.B.2')}",
        f"P.D.1 version: {moves('P.C.2')}",
    ]
    assert client.get("P.D").members() == ["system.NODE_LIST.1 -> P.C.2"]


@pytest.mark.ledger("UNV-30")
def test_nodes_above_a_blocked_node_are_updated_only_for_what_else_they_need(
    client: Client, make_user: MakeUser
) -> None:
    client.load(chain())
    client.copy("P.D.1", "P.D")
    make_user("ann", "package-read P", *(f"node-administer P.{name}" for name in "ACD"))
    assert both(client.as_user("ann")) == [f"P.A.1 version: {moves('P.D.2')}", f"P.B.1 {NOT_MINE}"]
    assert client.get("P.A").members() == ["system.NODE_LIST.1 -> P.B.1", "system.NODE_LIST.1 -> P.D.2"]


@pytest.mark.ledger("DEC-11")
def test_a_node_is_not_blocked_for_want_of_a_right_on_a_blocked_one_that_gets_no_new_version(
    client: Client, make_user: MakeUser
) -> None:
    client.load(chain())
    client.copy("P.D.1", "P.D")
    make_user("ann", "node-read P", "node-administer P.A", "node-read P.B", "node-use-draft P.C", "node-administer P.D")
    assert both(client.as_user("ann")) == [f"P.A.1 version: {moves('P.D.2')}", f"P.B.1 {NOT_MINE}"]


@pytest.mark.ledger("DEC-12")
def test_a_blocked_node_without_a_need_in_the_end_has_no_row(client: Client, make_user: MakeUser) -> None:
    client.load(chain())
    make_user("ann", "package-read P", "node-use-draft P.C", "node-administer P.C")
    assert both(client.as_user("ann")) == [f"P.B.1 {NOT_MINE}"]


@pytest.mark.ledger("UNV-30")
def test_after_a_partial_force_only_the_warnings_are_left(client: Client, make_user: MakeUser) -> None:
    client.load(
        Graph()
        .node("P", package())
        .node("P.A", frozen(*links("P.C.1")))
        .node("P.B", frozen(*links("P.C.1")))
        .node("P.C", frozen(), draft())
    )
    make_user("ann", "package-read P", "node-administer P.A", "node-administer P.C")
    assert client.as_user("ann").update("P", "force").rows() == [
        f"P.A.2 version: {moves('P.C.2')}",
        f"P.B.1 {NOT_MINE}",
    ]
    again = client.as_user("ann").update("P")
    assert (again.number, again.rows()) == (108, [f"P.B.1 {NOT_MINE}"])


# What the user may not read does not exist for them


@pytest.mark.ledger("DEC-13")
@pytest.mark.parametrize("action", ["impact", "force"])
def test_unreadable_blocked_nodes_are_counted_and_not_shown(client: Client, make_user: MakeUser, action: str) -> None:
    client.load(
        Graph()
        .node("P", package())
        .node("P.Secret", frozen(*links("P.B.1"), name="Hush"))
        .node("P.Secret2", frozen(*links("P.B.1"), name="Hush"))
        .node("P.A", frozen(*links("P.B.1")))
        .node("P.B", frozen(), draft())
    )
    make_user("ann", "node-read P", "node-administer P.A", "node-administer P.B")
    reply = client.as_user("ann").update("P", action)
    assert (reply.number, len(reply.rows())) == (108, 1)
    assert "2 nodes are not listed, because you are not authorised to read them" in (
        reply.text("errorDescription") or ""
    )
    assert b"Secret" not in reply.response.data
    assert b"Hush" not in reply.response.data


@pytest.mark.ledger("DEC-14")
def test_unreadable_targets_are_left_unchanged_silently(client: Client, make_user: MakeUser) -> None:
    client.load(outside())
    make_user("ann", "package-administer P", "node-link X.C", "node-use-type X.T")
    reply = client.as_user("ann").update("P", sourceScope="current")
    assert (reply.number, reply.rows()) == (
        0,
        [f"P.A.1 version: {moves('X.C.2')}", "P.N.1 version type X.T.2"],
    )
    assert b"X.D" not in reply.response.data


@pytest.mark.ledger("DEC-15")
def test_unreadable_member_types_have_no_name_in_a_row(client: Client, make_user: MakeUser) -> None:
    client.load(
        Graph()
        .node("P.N", V((M("X.Secret.1", "P.B.1"),), "Y.T.1"))
        .node("P.B", frozen(), draft())
        .node("X.Secret", member_type())
        .node("Y.T", type_with("X.Secret.1"))
    )
    make_user("ann", "package-administer P", "node-read Y.T")
    reply = client.as_user("ann").update("P", "force")
    assert (reply.number, reply.rows()) == (0, ["P.N.2 version: change .1 -> P.B.2"])
    assert b"Secret" not in reply.response.data
    assert client.get("P.N").members() == ["X.Secret.1 -> P.B.2"]


@pytest.mark.ledger("UNV-3")
def test_a_draft_that_the_user_may_not_use_is_not_examined(client: Client, make_user: MakeUser) -> None:
    client.load(
        Graph()
        .node("P", package())
        .node("P.A", frozen(), draft(*links("P.B.1")))
        .node("P.B", frozen(), frozen())
        .node("P.C", draft(*links("P.B.1")))
    )
    make_user("ann", "package-read P")
    reply = client.as_user("ann").update("P")
    assert (reply.number, reply.rows()) == (0, [])
