"""UpdateNodeVersions: the sources of new versions, and the nodes that are examined."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.builders import Graph, V, draft, frozen, links, moves, package
from tests.support.http import Client, message


def manifest(*items: str, draft: bool = False) -> V:
    return V(links(*items, member_type="system.MANIFEST_ITEMS.1"), "system.MANIFEST_TYPE.1", draft)


def outside() -> Graph:
    """P.A links to P.B inside and X.C outside; both have 1 and 2 frozen and 3 in draft."""
    return (
        Graph()
        .node("P", package())
        .node("P.A", frozen(*links("P.B.1", "X.C.1")))
        .node("P.B", frozen(), frozen(), draft())
        .node("X", package())
        .node("X.C", frozen(), frozen(), draft())
    )


def chain() -> Graph:
    """P.A links to P.B, and P.B to X.C, which has 1 and 2 frozen."""
    return (
        Graph()
        .node("P", package())
        .node("P.A", frozen(*links("P.B.1")))
        .node("P.B", frozen(*links("X.C.1")))
        .node("X.C", frozen(), frozen())
    )


# Context and content


@pytest.mark.ledger("UNV-3", "UNV-10")
def test_content_is_updated_at_any_depth(client: Client) -> None:
    client.load(
        Graph().node("P", package()).node("P.s.t.A", frozen(*links("P.s.B.1"))).node("P.s.B", frozen(), draft())
    )
    assert client.update("P").rows() == [f"P.s.t.A.1 version: {moves('P.s.B.2')}"]


@pytest.mark.ledger("UNV-3", "UNV-10")
def test_the_package_node_itself_is_examined(client: Client) -> None:
    client.load(Graph().node("P", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    assert client.update("P").rows() == [f"P.1 version: {moves('P.B.2')}"]


@pytest.mark.ledger("UNV-3")
def test_a_node_whose_reference_only_begins_alike_is_not_content(client: Client) -> None:
    client.load(Graph().node("P", package()).node("P2.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    assert client.update("P").rows() == []


@pytest.mark.ledger("UNV-10", "UNV-23")
def test_nodes_outside_the_context_are_left_alone(client: Client) -> None:
    client.load(Graph().node("P", package()).node("X.Z", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    assert client.update("P", "force").rows() == []
    assert client.get("X.Z").members() == ["system.NODE_LIST.1 -> P.B.1"]


@pytest.mark.ledger("UNV-11")
@pytest.mark.parametrize("scope", ["node", "current", "latest"])
def test_without_content_only_the_context_node_is_updated(client: Client, scope: str) -> None:
    client.load(chain())
    assert client.update("P", "force", content=False, sourceScope=scope).rows() == []
    assert client.get("P.B").text("nodeVersionNumber") == "1"


@pytest.mark.ledger("UNV-11")
def test_without_content_the_context_node_follows_the_source(client: Client) -> None:
    client.load(chain())
    reply = client.update("P.B", "force", content=False, sourceScope="current")
    assert reply.rows() == [f"P.B.2 version: {moves('X.C.2')}"]
    assert client.get("P.A").text("nodeVersionNumber") == "1"


# sourceScope node


@pytest.mark.ledger("UNV-14")
def test_scope_node_with_content_takes_versions_of_the_package_alone(client: Client) -> None:
    client.load(outside())
    assert client.update("P", sourceScope="node").rows() == [f"P.A.1 version: {moves('P.B.3')}"]


@pytest.mark.ledger("UNV-14")
def test_scope_node_without_content_takes_versions_of_the_context_node_alone(client: Client) -> None:
    client.load(Graph().node("P.A", frozen(), draft(*links("P.A.1", "P.B.1"))).node("P.B", frozen(), draft()))
    assert client.update("P.A", content=False).rows() == [f"P.A.2 change: {moves('P.A.2')}"]


@pytest.mark.ledger("DEC-22")
@pytest.mark.parametrize("source", ["X", "X.Nowhere", "no reference!"])
def test_scope_node_ignores_source_reference(client: Client, source: str) -> None:
    client.load(outside())
    assert client.update("P", sourceScope="node", sourceReference=source).rows() == client.update("P").rows() != []


# sourceScope current and latest


@pytest.mark.ledger("UNV-15")
def test_scope_current_takes_the_highest_frozen_versions(client: Client) -> None:
    client.load(outside())
    assert client.update("P", sourceScope="current").rows() == [f"P.A.1 version: {moves('P.B.2', 'X.C.2')}"]


@pytest.mark.ledger("UNV-16")
def test_scope_latest_takes_the_draft(client: Client) -> None:
    client.load(outside())
    assert client.update("P", sourceScope="latest").rows() == [f"P.A.1 version: {moves('P.B.3', 'X.C.3')}"]


@pytest.mark.ledger("UNV-17", "DEC-16")
@pytest.mark.parametrize(
    ("permission", "number"), [("node-link", 2), ("node-use-draft", 3), ("node-update", 3), ("node-administer", 3)]
)
def test_scope_latest_takes_the_draft_only_if_the_user_may_use_it(
    client: Client, make_user: Callable[..., None], permission: str, number: int
) -> None:
    client.load(Graph().node("P.A", frozen(*links("X.C.1"))).node("X.C", frozen(), frozen(), draft()))
    make_user("ann", "package-administer P", "node-link X.C", f"{permission} X.C")
    rows = client.as_user("ann").update("P", sourceScope="latest").rows()
    assert rows == [f"P.A.1 version: {moves(f'X.C.{number}')}"]


@pytest.mark.ledger("UNV-20")
@pytest.mark.parametrize("scope", ["current", "latest"])
@pytest.mark.parametrize("source", [None, "", " "])
def test_no_or_an_empty_source_reference_means_all_packages(client: Client, scope: str, source: str | None) -> None:
    client.load(
        Graph()
        .node("P.A", frozen(*links("P.B.1", "X.C.1", "Y.s.D.1")))
        .node("P.B", frozen(), frozen())
        .node("X.C", frozen(), frozen())
        .node("Y.s.D", frozen(), frozen())
    )
    given = {"nodeReference": "P", "updateContentIndicator": "true", "sourceScope": scope}
    if source is not None:
        given["sourceReference"] = source
    rows = client.post(message("UpdateNodeVersions", given)).rows()
    assert rows == [f"P.A.1 version: {moves('P.B.2', 'X.C.2', 'Y.s.D.2')}"]


@pytest.mark.ledger("UNV-19")
@pytest.mark.parametrize(("scope", "number"), [("current", 2), ("latest", 3)])
def test_a_source_package_means_itself_and_its_content_at_any_depth(client: Client, scope: str, number: int) -> None:
    three = (frozen(), frozen(), draft())
    client.load(
        Graph()
        .node("P.A", frozen(*links("P.B.1", "X.1", "X.C.1", "X.s.D.1", "X2.1")))
        .node("P.B", *three)
        .node("X", *three)
        .node("X.C", *three)
        .node("X.s.D", *three)
        .node("X2", *three)
    )
    rows = client.update("P", sourceScope=scope, sourceReference="X").rows()
    assert rows == [f"P.A.1 version: {moves(f'X.{number}', f'X.C.{number}', f'X.s.D.{number}')}"]


@pytest.mark.ledger("UNV-19")
def test_the_source_package_may_be_the_context(client: Client) -> None:
    client.load(outside().node("P", package(), package()).node("P.E", frozen(*links("P.1", "X.1"))))
    client.load(Graph().node("X", package(), first=2))
    rows = client.update("P", sourceScope="current", sourceReference="P").rows()
    assert rows == [f"P.A.1 version: {moves('P.B.2')}", f"P.E.1 version: {moves('P.2')}"]


@pytest.mark.ledger("UNV-39", "DEC-21")
@pytest.mark.parametrize("source", ["X.1", "X.$current"])
def test_a_source_package_may_be_given_as_a_node_version(client: Client, source: str) -> None:
    client.load(outside())
    rows = client.update("P", sourceScope="current", sourceReference=source).rows()
    assert rows == [f"P.A.1 version: {moves('X.C.2')}"]


@pytest.mark.ledger("UNV-15")
def test_scope_current_takes_no_node_that_has_nothing_frozen(client: Client) -> None:
    client.load(Graph().node("P.A", draft(*links("X.C.1"))).node("X.C", draft()))
    assert client.update("P", sourceScope="current").rows() == []


@pytest.mark.ledger("DEC-18")
def test_scope_current_does_not_follow_the_drafts_that_the_update_makes(client: Client) -> None:
    client.load(chain())
    assert client.update("P", "force", sourceScope="current").rows() == [f"P.B.2 version: {moves('X.C.2')}"]
    assert client.update("P", sourceScope="current").rows() == []


@pytest.mark.ledger("UNV-16", "DEC-18")
def test_scope_latest_follows_the_drafts_that_the_update_makes(client: Client) -> None:
    client.load(chain())
    rows = client.update("P", sourceScope="latest").rows()
    assert rows == [f"P.A.1 version: {moves('P.B.2')}", f"P.B.1 version: {moves('X.C.2')}"]


def test_scope_latest_with_a_source_package_follows_none_outside_it(client: Client) -> None:
    client.load(chain())
    rows = client.update("P", sourceScope="latest", sourceReference="X").rows()
    assert rows == [f"P.B.1 version: {moves('X.C.2')}"]


@pytest.mark.ledger("UNV-25")
def test_update_all_takes_current_versions_of_everything(client: Client) -> None:
    client.load(
        Graph()
        .node("P.A", frozen(*links("P.B.1", "X.C.1")))
        .node("P.B", frozen(*links("X.C.1")), frozen(*links("X.C.1")))
        .node("X.C", frozen(), frozen(), draft())
    )
    assert client.update("P", "force", sourceScope="current").rows() == [
        f"P.A.2 version: {moves('P.B.2', 'X.C.2')}",
        f"P.B.3 version: {moves('X.C.2')}",
    ]


@pytest.mark.ledger("DEC-14")
def test_an_unreadable_node_is_not_a_source(client: Client, make_user: Callable[..., None]) -> None:
    client.load(outside())
    make_user("ann", "package-administer P")
    rows = client.as_user("ann").update("P", sourceScope="current").rows()
    assert rows == [f"P.A.1 version: {moves('P.B.2')}"]


@pytest.mark.ledger("UNV-81", "DEC-6")
def test_a_source_that_the_user_may_not_read_cannot_be_found(client: Client, make_user: Callable[..., None]) -> None:
    client.load(outside().node("X.Release", manifest("X.C.2")))
    make_user("ann", "package-administer P")
    for scope, source in (("current", "X"), ("latest", "X"), ("manifest", "X.Release")):
        hidden, missing = (
            client.as_user("ann").update("P", sourceScope=scope, sourceReference=name) for name in (source, "X.Nowhere")
        )
        assert hidden.number == missing.number == 105
        assert (hidden.text("errorMessage") or "").replace(source, "X.Nowhere") == missing.text("errorMessage")


# Forward only


@pytest.mark.ledger("UNV-58", "DEC-19")
def test_links_move_only_to_later_versions(client: Client) -> None:
    client.load(
        Graph()
        .node("P.A", draft(*links("P.B.3", "X.C.3")))
        .node("P.B", frozen(), frozen(), draft())
        .node("X.C", frozen(), frozen(), draft())
        .node("X.Old", manifest("P.B.1", "X.C.2"))
    )
    assert client.update("P", sourceScope="node").rows() == []
    assert client.update("P", sourceScope="current").rows() == []
    assert client.update("P", sourceScope="manifest", sourceReference="X.Old").rows() == []


# sourceScope manifest


def released(*versions: V) -> Graph:
    """P.A links to X.C and X.D, which have 1 to 3 frozen; X.Release has these versions."""
    three = (frozen(), frozen(), frozen())
    return (
        Graph()
        .node("P", package())
        .node("P.A", frozen(*links("X.C.1", "X.D.1")))
        .node("X.C", *three)
        .node("X.D", *three)
        .node("X.Release", *versions)
    )


def by_manifest(client: Client, reference: str = "X.Release") -> list[str]:
    return client.update("P", sourceScope="manifest", sourceReference=reference).rows()


@pytest.mark.ledger("UNV-18")
def test_a_manifest_gives_the_versions_that_it_lists_and_no_others(client: Client) -> None:
    client.load(released(manifest("X.C.2")))
    assert by_manifest(client) == [f"P.A.1 version: {moves('X.C.2')}"]


@pytest.mark.ledger("UNV-21", "UNV-40")
def test_a_specific_version_of_a_manifest_is_a_full_version_reference(client: Client) -> None:
    client.load(released(manifest("X.C.2"), manifest("X.C.3"), manifest("X.D.3", draft=True)))
    assert by_manifest(client, "X.Release.1") == [f"P.A.1 version: {moves('X.C.2')}"]
    assert by_manifest(client, "X.Release.2") == [f"P.A.1 version: {moves('X.C.3')}"]
    assert by_manifest(client, "X.Release.$current") == by_manifest(client, "X.Release.2")
    assert by_manifest(client, "X.Release.3") == [f"P.A.1 version: {moves('X.D.3')}"]


def test_a_manifest_without_a_version_is_its_latest_that_the_user_may_use(
    client: Client, make_user: Callable[..., None]
) -> None:
    client.load(released(manifest("X.C.2"), manifest("X.C.3", draft=True)))
    make_user("ann", "package-administer P", "package-link X")
    assert by_manifest(client) == [f"P.A.1 version: {moves('X.C.3')}"]
    assert by_manifest(client.as_user("ann")) == [f"P.A.1 version: {moves('X.C.2')}"]


@pytest.mark.ledger("UNV-58", "DEC-20")
def test_a_manifest_that_lists_a_node_twice_gives_the_higher_version(client: Client) -> None:
    client.load(released(manifest("X.C.2", "X.C.3", "X.C.1")))
    assert by_manifest(client) == [f"P.A.1 version: {moves('X.C.3')}"]


@pytest.mark.ledger("UNV-22")
def test_only_members_of_type_manifest_items_count_whatever_the_type_of_the_manifest(client: Client) -> None:
    items = links("X.C.2", member_type="system.MANIFEST_ITEMS.1")
    client.load(released(frozen(*items, *links("X.C.3", "X.D.3"))))
    assert by_manifest(client) == [f"P.A.1 version: {moves('X.C.2')}"]


@pytest.mark.ledger("UNV-18")
def test_a_manifest_gives_types_as_well_as_targets(client: Client) -> None:
    types = [V((), "system.TYPE_TYPE.1") for _ in range(2)]
    client.load(Graph().node("P.N", V((), "X.T.1")).node("X.T", *types).node("X.Release", manifest("X.T.2")))
    assert by_manifest(client) == ["P.N.1 version type X.T.2"]


def test_nodes_above_do_not_follow_unless_the_manifest_lists_their_targets(client: Client) -> None:
    client.load(chain().node("X.Release", manifest("X.C.2")))
    assert by_manifest(client) == [f"P.B.1 version: {moves('X.C.2')}"]


@pytest.mark.ledger("DEC-20")
def test_items_that_the_user_may_not_use_are_skipped(client: Client, make_user: Callable[..., None]) -> None:
    client.load(
        Graph()
        .node("P.A", frozen(*links("X.Hidden.1", "X.Draft.1", "X.Seen.1")))
        .node("X.Hidden", frozen(), frozen())
        .node("X.Draft", frozen(), draft())
        .node("X.Seen", frozen(), frozen())
        .node("X.Release", manifest("X.Hidden.2", "X.Draft.2", "X.Seen.2", draft=True))
    )
    make_user("ann", "package-administer P", "node-use-draft X.Release", "node-link X.Draft", "node-link X.Seen")
    assert by_manifest(client.as_user("ann")) == [f"P.A.1 version: {moves('X.Seen.2')}"]
