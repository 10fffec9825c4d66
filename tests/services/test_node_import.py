"""NodeImport, over HTTP: all or nothing, and an impact first if the client wants one."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from tests.support.builders import Graph, M, V, draft, frozen, links
from tests.support.http import Client, Reply

MakeUser = Callable[..., None]
TOTALS = ("nodesCreated", "versionsCreated", "versionsReplaced", "membersWritten")

# Two nodes that link to each other, with three versions; the package P is made for them.
GRAPH = Graph().node("P.A", frozen(*links("P.B.1")), draft(M(value="x"))).node("P.B", frozen(*links("P.A.1")))


def totals(reply: Reply) -> list[int]:
    assert reply.number == 0, reply.response.text
    return [int(reply.text(name) or "") for name in TOTALS]


def nodes(engine: Engine) -> list[str]:
    """All nodes outside the system package."""
    query = "SELECT node_reference FROM node WHERE node_reference NOT LIKE 'system%' ORDER BY node_reference"
    with engine.connect() as connection:
        return list(connection.execute(text(query)).scalars())


def faults(reply: Reply) -> list[str]:
    assert (reply.status, reply.number) == (200, 105)
    return (reply.text("errorFields") or "").split("\n")


def test_nodes_are_imported_and_counted(client: Client) -> None:
    assert totals(client.post(GRAPH.xml())) == [3, 4, 0, 3]
    assert client.get("P.A.1").members() == ["system.NODE_LIST.1 -> P.B.1"]
    assert client.get("P.A.2").members() == ["system.NODE_LIST.1 = x"]
    assert client.get("P").text("nodeVersionReferenceType") == "system.PACKAGE_LISTING.1"


def test_an_import_without_an_action_is_done(client: Client, engine: Engine) -> None:
    for action in (None, "", "force"):
        client.post(GRAPH.xml(action))
        assert nodes(engine) == ["P", "P.A", "P.B"]


def test_an_impact_counts_what_would_be_imported_and_changes_nothing(client: Client, engine: Engine) -> None:
    assert totals(client.post(GRAPH.xml("impact"))) == [3, 4, 0, 3]
    assert nodes(engine) == []
    assert totals(client.post(GRAPH.xml("force"))) == [3, 4, 0, 3]


def test_an_impact_of_changes_changes_nothing(client: Client) -> None:
    client.load(GRAPH)
    before = client.get("P.A").response.data
    changed = Graph().node("P.A", draft(M(value="y"), name="Renamed"), first=2).xml("impact")
    assert totals(client.post(changed)) == [0, 0, 1, 1]
    assert client.get("P.A").response.data == before


def test_equal_nodes_are_not_written_again(client: Client) -> None:
    client.load(GRAPH)
    before = client.get("P.A.1").response.data
    assert totals(client.load(GRAPH))[:2] == [0, 0]
    assert client.get("P.A.1").response.data == before


def test_a_draft_is_replaced_and_a_frozen_version_is_not(client: Client) -> None:
    client.load(GRAPH)
    assert totals(client.load(Graph().node("P.A", draft(name="Other"), first=2))) == [0, 0, 1, 0]
    assert (client.get("P.A.2").text("nodeName"), client.get("P.A.2").members()) == ("Other", [])
    reply = client.post(Graph().node("P.A", V(name="Other")).xml())
    assert faults(reply)[0].startswith("NodeList/Node[1]/VersionList/Version[1]")
    assert client.get("P.A.1").text("nodeName") == "A"


def test_one_fault_prevents_the_whole_import(client: Client, engine: Engine) -> None:
    wrong = Graph().node("P.A", frozen()).node("P.B", frozen(*links("P.Missing.1"))).node("Q.C", frozen())
    for action in ("force", "impact"):
        reply = client.post(wrong.xml(action))
        assert faults(reply) == [
            "NodeList/Node[2]/VersionList/Version[1]/MemberList/Member[1]/nodeVersionReferenceTarget"
        ]
        assert "P.Missing" in (reply.text("errorMessage") or "")
    assert nodes(engine) == []


def test_the_first_hundred_faults_are_reported(client: Client, engine: Engine) -> None:
    graph = Graph()
    for number in range(150):
        graph.node(f"P.N{number}", frozen(type=f"P.Missing{number}"))
    reply = client.post(graph.xml())
    assert faults(reply) == [
        f"NodeList/Node[{position}]/VersionList/Version[1]/nodeVersionReferenceType" for position in range(1, 101)
    ]
    assert nodes(engine) == []


def test_a_user_with_package_use_imports_into_the_package_and_owns_the_nodes(
    client: Client, make_user: MakeUser
) -> None:
    client.load(Graph().node("P.Z", frozen()))
    make_user("user", "package-use P")
    user = client.as_user("user")
    assert totals(user.post(GRAPH.xml())) == [2, 3, 0, 3]
    assert user.freeze("P.A").number == 0
    for graph in (Graph().node("Q.A", frozen()), Graph().node("A", frozen()), Graph().node("P.Z", draft(), first=2)):
        assert faults(user.post(graph.xml())) != []
    assert client.as_user(None).post(GRAPH.xml()).number == 101


def test_an_unreadable_node_is_treated_as_missing(client: Client, make_user: MakeUser) -> None:
    client.load(Graph().node("S.Secret", frozen()).node("P.Z", frozen()))
    make_user("user", "package-use P")
    hidden, unknown = (
        client.as_user("user").post(Graph().node("P.A", frozen(*links(f"S.{name}.1"))).xml())
        for name in ("Secret", "Absent")
    )
    assert faults(hidden) == faults(unknown)
    assert hidden.response.text.replace("Secret", "Absent") == unknown.response.text


@pytest.mark.parametrize("root", ["<NodeImport/>", "<NodeImport><NodeList/></NodeImport>"])
def test_an_empty_import_succeeds(client: Client, root: str) -> None:
    assert totals(client.post(root)) == [0, 0, 0, 0]


def test_a_compressed_document_is_refused(client: Client, engine: Engine) -> None:
    body = gzip.compress(GRAPH.xml().encode())
    for options, status in (
        ({"headers": {"Content-Encoding": "gzip"}}, 415),
        ({}, 400),
        ({"content_type": "application/gzip"}, 415),
    ):
        reply = client.post(body, "/service/NodeImport", **options)
        assert (reply.status, reply.number) == (status, 103)
    assert nodes(engine) == []


def test_a_document_in_utf_16_is_imported(client: Client) -> None:
    client.post(Graph().node("P.A", frozen(name="Größe 語 😀")).xml().encode("utf-16"))
    assert client.get("P.A").text("nodeName") == "Größe 語 😀"


def test_numbers_may_have_leading_zeros(client: Client) -> None:
    body = Graph().node("P.A", frozen(M(scale=1.5))).xml()
    zeros = "0" * 5000
    body = body.replace("Number>1<", f"Number> +{zeros}1 <").replace(">1.5<", f"> {zeros}1.50 <")
    assert totals(client.post(body)) == [2, 2, 0, 1]
    assert client.get("P.A.1").members() == ["system.NODE_LIST.1 * 1.5"]
