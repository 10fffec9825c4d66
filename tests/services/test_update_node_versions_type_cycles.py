"""UpdateNodeVersions: cycles of types, member types and instances."""

from __future__ import annotations

import pytest

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
    type_with,
)
from tests.support.http import Client

LISTED = MEMBER_TYPE_LIST


def settled(client: Client, *rows: str) -> bool:
    """Whether a force of P has these rows, and an impact after it has none."""
    assert client.update("P", "force").rows() == list(rows)
    assert client.update("P").rows() == []
    return True


@pytest.mark.ledger("UNV-6")
def test_a_type_and_its_member_type_that_refer_to_each_other(client: Client) -> None:
    client.load(
        Graph()
        .node("P.k", member_type(), member_type(draft=True))
        .node("P.m", member_type(M("system.TARGET_TYPE_LIST.1", "P.T.1")))
        .node("P.T", type_with("P.m.1", "P.k.1"))
        .node("P.N", V((M("P.m.1", "P.N.1"), M("P.k.1", value="red")), "P.T.1"))
    )
    assert settled(
        client,
        "P.N.2 version type P.T.2: change P.m.1 -> P.N.2",
        f"P.T.2 version: {moves('P.m.2', 'P.k.2', member_type=LISTED)}",
        f"P.m.2 version: {moves('P.T.2', member_type='system.TARGET_TYPE_LIST.1')}",
    )
    assert client.get("P.N").members() == ["P.m.2 -> P.N.2", "P.k.2 = red"]


def test_a_type_that_is_its_own_type(client: Client) -> None:
    client.load(
        Graph()
        .node("P.m", member_type(), member_type(draft=True))
        .node("P.T", type_with(LISTED, "P.m.1", type="P.T.1"))
    )
    assert settled(client, f"P.T.2 version type P.T.2: {moves('P.m.2', member_type=LISTED)}")
    shown = client.get("P.T")
    assert shown.text("nodeVersionReferenceType") == "P.T.2"
    assert shown.members() == [f"{LISTED} -> {LISTED}", f"{LISTED} -> P.m.2"]


@pytest.mark.ledger("UNV-6")
def test_a_type_that_is_its_own_member_type(client: Client) -> None:
    client.load(
        Graph()
        .node("P.m", member_type(), member_type(draft=True))
        .node("P.T", type_with("P.T.1", "P.m.1"))
        .node("P.N", V((M("P.T.1", value="odd"), M("P.m.1", value="red")), "P.T.1"))
    )
    assert settled(client, "P.N.2 version type P.T.2", f"P.T.2 version: {moves('P.T.2', 'P.m.2', member_type=LISTED)}")
    assert client.get("P.N").members() == ["P.T.2 = odd", "P.m.2 = red"]


def test_a_type_that_is_its_own_type_and_has_data_under_itself(client: Client) -> None:
    listed = links(LISTED, "P.T.1", "P.m.1", member_type=LISTED)
    client.load(
        Graph()
        .node("P.m", member_type(), member_type(draft=True))
        .node("P.T", V((*listed, M("P.T.1", "P.T.1", "odd")), "P.T.1"))
    )
    moved = moves("P.T.2", "P.m.2", member_type=LISTED)
    assert settled(client, f"P.T.2 version type P.T.2: {moved}, change P.T.1 -> P.T.2")
    lists = [f"{LISTED} -> {target}" for target in (LISTED, "P.T.2", "P.m.2")]
    assert client.get("P.T").members() == [*lists, "P.T.2 = odd -> P.T.2"]


def test_two_types_that_are_each_others_type(client: Client) -> None:
    client.load(
        Graph()
        .node("P.m", member_type(), member_type(draft=True))
        .node("P.T", type_with(LISTED, "P.m.1", type="P.U.1"))
        .node("P.U", type_with(LISTED, type="P.T.1"))
    )
    assert settled(
        client, f"P.T.2 version type P.U.2: {moves('P.m.2', member_type=LISTED)}", "P.U.2 version type P.T.2"
    )


@pytest.mark.ledger("UNV-76")
def test_a_draft_type_that_is_its_own_type_and_lists_a_member_type_that_follows(client: Client) -> None:
    listed = links(LISTED, "P.m.1", member_type=LISTED)
    client.load(
        Graph()
        .node("P.m", member_type(), member_type(draft=True))
        .node("P.T", V((*listed, M("P.m.1", value="red")), "P.T.1", draft=True))
    )
    assert settled(client, f"P.T.1 change: {moves('P.m.2', member_type=LISTED)}")
    assert client.get("P.T").members() == [f"{LISTED} -> {LISTED}", f"{LISTED} -> P.m.2", "P.m.2 = red"]


def test_a_member_type_that_links_to_an_instance_of_its_type(client: Client) -> None:
    client.load(
        Graph()
        .node("P.B", frozen(), draft())
        .node("P.m", member_type(M("system.NODE_LIST.1", "P.N.1")))
        .node("P.T", type_with("P.m.1"))
        .node("P.N", V((M("P.m.1", "P.B.1"),), "P.T.1"))
    )
    assert settled(
        client,
        "P.N.2 version type P.T.2: change P.m.1 -> P.B.2",
        f"P.T.2 version: {moves('P.m.2', member_type=LISTED)}",
        f"P.m.2 version: {moves('P.N.2')}",
    )
    assert client.get("P.N").members() == ["P.m.2 -> P.B.2"]


def test_a_draft_type_whose_member_type_links_to_an_instance_that_the_update_makes(client: Client) -> None:
    client.load(
        Graph()
        .node("P.m", member_type(M("system.NODE_LIST.1", "P.N.1")))
        .node("P.T", type_with("P.m.1"), type_with("P.m.1", draft=True))
        .node("P.N", V((M("P.m.1", value="red"),), "P.T.1"))
    )
    assert settled(
        client,
        "P.N.2 version type P.T.2",
        f"P.T.2 change: {moves('P.m.2', member_type=LISTED)}",
        f"P.m.2 version: {moves('P.N.2')}",
    )
    assert client.get("P.N").members() == ["P.m.2 = red"]


@pytest.mark.ledger("UNV-12")
def test_always_create_in_a_cycle_of_types(client: Client) -> None:
    client.load(
        Graph()
        .node("P.m", member_type(M("system.TARGET_TYPE_LIST.1", "P.T.1")))
        .node("P.T", type_with(LISTED, "P.m.1", type="P.T.1"))
        .node("P.N", V((M("P.m.1", "P.T.1"),), "P.T.1"))
    )
    reply = client.update("P", "force", alwaysCreateNewVersionIndicator="true")
    assert reply.rows() == [
        "P.N.2 version type P.T.2: change P.m.1 -> P.T.2",
        f"P.T.2 version type P.T.2: {moves('P.m.2', member_type=LISTED)}",
        f"P.m.2 version: {moves('P.T.2', member_type='system.TARGET_TYPE_LIST.1')}",
    ]
    assert client.update("P", alwaysCreateNewVersionIndicator="true").rows() == []
    assert client.get("P.N").members() == ["P.m.2 -> P.T.2"]
