"""UpdateNodeVersions with `why`: the shortest chain of links from what changed first to each node in the list."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from lxml import etree

from tests.support.builders import Graph, M, V, draft, frozen, links, member_type, package, type_with
from tests.support.http import Client, Reply

MakeUser = Callable[..., None]
NODE_LIST = "system.NODE_LIST.1"


def why(client: Client, reference: str, action: str = "impact", **elements: str) -> Reply:
    return client.update(reference, action, content=True, why="true", **elements)


def chain(update: etree._Element) -> list[str]:
    """A chain in short: `P.C.2 member system.NODE_LIST.1`, then `P.B.2 type`."""
    found = []
    for link in update.iterfind("WhyList/Why"):
        member = link.findtext("nodeReferenceMemberType")
        shown = [
            f"{link.findtext('nodeReference')}.{link.findtext('nodeVersionNumber')}",
            link.findtext("linkType") or "",
        ]
        found.append(
            " ".join([*shown, f"{member}.{link.findtext('nodeVersionNumberMemberType')}"] if member else shown)
        )
    return found


def chains(reply: Reply) -> dict[str, list[str]]:
    updates = reply.tree.findall("UpdateList/Update")
    assert all(update.find("WhyList") is not None for update in updates)
    return {update.findtext("nodeReference") or "": chain(update) for update in updates}


def member(version: str) -> str:
    return f"{version} member {NODE_LIST}"


def three() -> Graph:
    """P.A links to P.B, and P.B links to P.C, which has a draft."""
    return (
        Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(*links("P.C.1"))).node("P.C", frozen(), draft())
    )


@pytest.mark.ledger("DEC-179")
def test_a_chain_leads_from_what_changed_first_in_impact_and_force(client: Client) -> None:
    client.load(three())
    expected = {"P.A": [member("P.C.2"), member("P.B.2")], "P.B": [member("P.C.2")]}
    assert client.update("P").tree.find("UpdateList/Update/WhyList") is None
    assert chains(why(client, "P")) == expected
    assert chains(why(client, "P", "force")) == expected
    assert chains(why(client, "P")) == {}


def test_the_shortest_chain_is_taken(client: Client) -> None:
    client.load(three().node("P.A", frozen(*links("P.B.1", "P.C.1"))))
    assert chains(why(client, "P"))["P.A"] == [member("P.C.2")]


def test_a_cycle_has_a_beginning(client: Client) -> None:
    client.load(
        Graph()
        .node("P.A", frozen(*links("P.B.1")))
        .node("P.B", frozen(*links("P.A.1", "P.C.1")))
        .node("P.C", frozen(), draft())
    )
    expected = {"P.A": [member("P.C.2"), member("P.B.2")], "P.B": [member("P.C.2")]}
    assert chains(why(client, "P")) == expected
    assert chains(why(client, "P", "force")) == expected


def test_types_and_member_types(client: Client) -> None:
    client.load(
        Graph()
        .node("P.m", member_type(), member_type(draft=True))
        .node("P.T", type_with("P.m.1"))
        .node("P.N", V((M("P.m.1", value="x"),), "P.T.1"))
    )
    assert chains(why(client, "P")) == {
        "P.N": ["P.m.2 member system.MEMBER_TYPE_LIST.1", "P.T.2 type"],
        "P.T": ["P.m.2 member system.MEMBER_TYPE_LIST.1"],
    }


def test_a_source_outside_the_context(client: Client) -> None:
    client.load(
        Graph()
        .node("X.C", frozen(), frozen(), draft())
        .node("P.B", frozen(*links("X.C.1")))
        .node("P.A", frozen(*links("P.B.1")))
    )
    assert chains(why(client, "P", sourceScope="current")) == {"P.B": [member("X.C.2")]}
    latest = {"P.A": [member("X.C.3"), member("P.B.2")], "P.B": [member("X.C.3")]}
    assert chains(why(client, "P", sourceScope="latest")) == latest


@pytest.mark.ledger("DEC-179")
def test_a_blocked_node_has_a_chain_too(client: Client, make_user: MakeUser) -> None:
    client.load(three().node("P.D", frozen(*links("P.C.1"))))
    make_user("ann", "package-read P", "node-administer P.B", "node-use-draft P.C", "node-link P.C")
    ann = client.as_user("ann")
    expected = {
        "P.A": [member("P.C.2"), member("P.B.2")],
        "P.B": [member("P.C.2")],
        "P.D": [member("P.C.2")],
    }
    for action in ("impact", "force"):
        reply = why(ann, "P", action)
        assert reply.number == 108
        assert [row["updateType"] for row in reply.updates()] == ["warning", "version", "warning"]
        assert chains(reply) == expected


def test_a_node_that_is_updated_in_any_case_changes_first(client: Client) -> None:
    client.load(Graph().node("P.A", draft(*links("P.B.1"))).node("P.B", frozen(*links("P.C.1"))).node("P.C", frozen()))
    found = chains(why(client, "P", alwaysCreateNewVersionIndicator="true"))
    assert found == {"P.A": [member("P.B.2")], "P.B": [], "P.C": []}


def test_a_member_type_that_may_not_be_read_has_no_name(client: Client, make_user: MakeUser) -> None:
    client.load(
        Graph()
        .node("S.m", member_type())
        .node("P.T", type_with("S.m.1"))
        .node("P.A", V(links("P.C.1", member_type="S.m.1"), "P.T.1"))
        .node("P.C", frozen(), draft())
    )
    make_user("ann", "package-administer P")
    reply = why(client.as_user("ann"), "P")
    assert chains(reply) == {"P.A": ["P.C.2 member"]}
    assert "S.m" not in reply.response.text


def test_long_chains_are_cut_in_the_middle(client: Client) -> None:
    graph = Graph().node("P.N000", frozen(), draft())
    for number in range(1, 111):
        graph.node(f"P.N{number:03}", frozen(*links(f"P.N{number - 1:03}.1")))
    client.load(graph)
    reply = why(client, "P")
    found = chains(reply)
    assert found["P.N100"] == [member(f"P.N{number:03}.2") for number in range(100)]
    assert found["P.N110"] == [member("P.N000.2"), *(member(f"P.N{number:03}.2") for number in range(11, 110))]
    omitted = {
        update.findtext("nodeReference"): update.findtext("WhyList/linksOmitted")
        for update in reply.tree.iterfind("UpdateList/Update")
    }
    assert (omitted["P.N100"], omitted["P.N101"], omitted["P.N110"]) == (None, "1", "10")


@pytest.mark.parametrize("size", [12, 260])
@pytest.mark.ledger("DEC-179")
def test_chains_are_links_of_the_list_and_none_is_longer_than_needed(client: Client, size: int) -> None:
    """The chains in random graphs, some of them too large for one statement, are as long as a naive search finds."""
    numbers = random.Random(size)  # noqa: S311
    graph = Graph().node("R", package()).node("R.C0", frozen(), draft()).node("R.C1", frozen(), draft())
    names = [f"R.N{number:03}" for number in range(size)]
    for name in names:
        targets = numbers.sample([*names, "R.C0"], 1) + (["R.C1"] if numbers.random() < 0.05 else [])
        version = links(*(f"{target}.1" for target in targets))
        graph.node(name, frozen(*version), *([draft(*version)] if numbers.random() < 0.1 else []))
    client.load(graph)
    reply = why(client, "R")
    # The rows say what moves, and so does each chain: its last link is one of the members of the row.
    moved = {
        update.findtext("nodeReference") or "": {
            f"{each.findtext('nodeReferenceTarget')}.{each.findtext('nodeVersionNumberTarget')}"
            for each in update.iterfind("MemberUpdateList/MemberUpdate")
        }
        for update in reply.tree.iterfind("UpdateList/Update")
    }
    assert len(moved) > 1
    new = {
        f"{row['nodeReference']}.{int(row['nodeVersionNumber']) + 1}": row["nodeReference"]
        for row in reply.updates()
        if row["updateType"] == "version"
    }
    distances: dict[str, int] = {}
    while len(distances) < len(moved):
        for node, targets_of in moved.items():
            known = [distances.get(new[target], size) if target in new else 0 for target in targets_of]
            if min(known) < size and distances.get(node, size) > min(known) + 1:
                distances[node] = min(known) + 1
    for _ in moved:
        for node, targets_of in moved.items():
            distances[node] = 1 + min(distances[new[target]] if target in new else 0 for target in targets_of)
    found = chains(reply)
    assert {node: len(each) for node, each in found.items()} == distances
    for node, each in found.items():
        users = [*(new[link.split()[0]] for link in each[1:]), node]
        assert each[0].split()[0] not in new
        assert all(link.split()[0] in moved[user] for link, user in zip(each, users, strict=True))


def test_a_plan_is_the_same_with_and_without_why(client: Client) -> None:
    client.load(three())
    tag = why(client, "P").response.headers["ETag"]
    assert client.update("P").response.headers["ETag"] == tag


def test_nodes_that_link_to_themselves_or_to_each_other_have_a_chain(client: Client) -> None:
    client.load(
        Graph()
        .node("P.A", frozen(*links("P.A.1")), frozen(*links("P.A.1")))
        .node("P.B", frozen(), frozen(*links("P.C.1")))
        .node("P.C", frozen(), frozen(*links("P.B.1")))
    )
    found = chains(why(client, "P"))
    assert found["P.A"] == [member("P.A.2")]
    assert found["P.B"] == [member("P.C.2")]
    assert found["P.C"] == [member("P.B.2")]
