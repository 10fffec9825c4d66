"""UpdateNodeVersions: the store after a force."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from tests.support.builders import Graph, M, V, draft, frozen, links, member_type, moves, package, type_with
from tests.support.http import Client, Reply, message

NODES = "system.NODE_LIST.1"


def one_link() -> Graph:
    """P.A links to P.B, which has a draft."""
    return Graph().node("P", package()).node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft())


def mixed() -> Graph:
    """A graph with a cycle, drafts, types, data that moves and data that is removed."""
    return (
        Graph()
        .node("P", frozen(*links("P.A.1")))
        .node("P.A", frozen(*links("P.B.1", "P.C.1", "P.A.1")))
        .node("P.B", frozen(*links("P.A.1")))
        .node("P.C", frozen(), draft(*links("P.N.1")))
        .node("P.k", member_type())
        .node("P.m", member_type(), member_type(draft=True))
        .node("P.T", type_with("P.m.1", "P.k.1"), type_with("P.m.1", draft=True))
        .node("P.N", V((M("P.m.1", "P.C.1", "one", 1.5), M("P.k.1", value="gone")), "P.T.1"))
    )


def content(reply: Reply) -> tuple[str | None, str | None, str | None, str | None, list[str]]:
    """The content of a version in GetNode, without what identifies it."""
    texts = [
        reply.text(name) for name in ("nodeVersionReferenceType", "nodeNameType", "nodeName", "nodeVersionComment")
    ]
    return (texts[0], texts[1], texts[2], texts[3], reply.members())


# Versions that are created


@pytest.mark.ledger("UNV-47")
def test_the_version_created_is_a_draft_and_the_frozen_number_stays(client: Client) -> None:
    client.load(one_link())
    client.update("P", "force")
    shown = client.get("P.A.$draft")
    assert (shown.text("nodeVersionNumber"), shown.text("nodeFrozenVersionNumber")) == ("2", "1")


@pytest.mark.ledger("UNV-47", "UNV-77")
def test_the_version_that_was_there_stays_as_it_was(client: Client) -> None:
    client.load(mixed())
    before = {reference: content(client.get(reference)) for reference in ("P.1", "P.A.1", "P.B.1", "P.C.1", "P.N.1")}
    assert client.update("P", "force").number == 0
    assert {reference: content(client.get(reference)) for reference in before} == before


@pytest.mark.ledger("UNV-3")
def test_a_version_created_has_the_name_type_values_scales_and_order_of_the_one_before(client: Client) -> None:
    client.load(
        Graph()
        .node("P.B", frozen(), draft())
        .node("X.m", member_type())
        .node("X.T", type_with("X.m.1"))
        .node(
            "P.N",
            V((M("X.m.1", value="old"),), "X.T.1", name="Old"),
            V((M("X.m.1", "P.B.1", "b", -0.25), M("X.m.1", value="a"), M("X.m.1", scale=3.0)), "X.T.1", name="Nut"),
        )
    )
    client.update("P", "force")
    shown = client.get("P.N.3")
    assert (shown.text("nodeName"), shown.text("nodeVersionReferenceType")) == ("Nut", "X.T.1")
    assert shown.members() == ["X.m.1 = b * -0.25 -> P.B.2", "X.m.1 = a", "X.m.1 * 3.0"]


@pytest.mark.ledger("UNV-79")
def test_comments_are_not_carried_over_to_new_versions(client: Client) -> None:
    client.load(
        Graph()
        .node("P.A", V((M(NODES, "P.B.1", comment="moved"), M(NODES, "X.C.1", comment="stays")), comment="the first"))
        .node("P.B", frozen(), draft())
        .node("X.C", frozen())
    )
    client.update("P", "force")
    shown = client.get("P.A.2")
    assert shown.members() == [f"{NODES} -> P.B.2", f"{NODES} -> X.C.1"]
    assert shown.text("nodeVersionComment") is None
    assert client.get("P.A.1").members() == [f"{NODES} -> P.B.1 (moved)", f"{NODES} -> X.C.1 (stays)"]


@pytest.mark.ledger("UNV-48", "UNV-78")
def test_comments_are_retained_when_a_version_is_changed(client: Client) -> None:
    members = (M(NODES, "P.B.1", comment="moved"), M(NODES, "X.C.1", comment="stays"))
    client.load(
        Graph()
        .node("P.A", V(members, draft=True, name="Axle", comment="the first"))
        .node("P.B", frozen(), draft())
        .node("X.C", frozen())
    )
    client.update("P", "force")
    shown = client.get("P.A")
    assert (shown.text("nodeVersionNumber"), shown.text("nodeName")) == ("1", "Axle")
    assert shown.members() == [f"{NODES} -> P.B.2 (moved)", f"{NODES} -> X.C.1 (stays)"]
    assert shown.text("nodeVersionComment") == "the first"


@pytest.mark.ledger("UNV-78")
def test_member_comments_are_retained_when_a_draft_moves_to_a_new_type(client: Client) -> None:
    client.load(
        Graph()
        .node("P.m", member_type(), member_type(draft=True))
        .node("P.T", type_with("P.m.1"))
        .node("P.N", V((M("P.m.1", value="red", comment="as painted"),), "P.T.1", draft=True))
    )
    assert client.update("P", "force").rows()[0] == "P.N.1 change type P.T.2"
    assert client.get("P.N").members() == ["P.m.2 = red (as painted)"]


@pytest.mark.ledger("DEC-10")
def test_the_owner_stays_the_same(client: Client, make_user: Callable[..., None]) -> None:
    client.load(Graph().node("P", package()))
    make_user("ann", "package-use P")
    ann = client.as_user("ann")
    ann.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    assert client.update("P", "force").rows() == [f"P.A.2 version: {moves('P.B.2')}"]
    ann.freeze("P.A")
    assert client.get("P.A").text("nodeFrozenVersionNumber") == "2"


# The rows are those of the versions that were made


@pytest.mark.ledger("UNV-9", "UNV-43")
@pytest.mark.parametrize("always", ["false", "true"])
def test_nodes_after_a_force_are_as_its_rows_say(client: Client, always: str) -> None:
    client.load(mixed())
    reply = client.update("P", "force", alwaysCreateNewVersionIndicator=always)
    assert len(reply.updates()) >= 6
    for row in reply.updates():
        shown = client.get(f"{row['nodeReference']}.$draft")
        assert shown.text("nodeVersionNumber") == row["nodeVersionNumber"]
        assert shown.text("nodeName") == row["nodeName"]
        if row["typeUpdateType"] == "change":
            new_type = f"{row['nodeReferenceType']}.{row['nodeVersionNumberType']}"
            assert shown.text("nodeVersionReferenceType") == new_type
        targets = [member.rpartition(" -> ")[2] for member in shown.members()]
        changes = [change for change in row.get("members", "").split(", ") if change.startswith("change")]
        for change in changes:
            assert change.rpartition(" -> ")[2] in targets


@pytest.mark.ledger("UNV-1", "UNV-43")
def test_force_does_what_the_impact_listed(client: Client) -> None:
    client.load(mixed())
    expected = [
        f"P{{}} version: {moves('P.A.2')}",
        f"P.A{{}} version: {moves('P.B.2', 'P.C.2', 'P.A.2')}",
        f"P.B{{}} version: {moves('P.A.2')}",
        f"P.C.2 change: {moves('P.N.2')}",
        "P.N{} version type P.T.2: change P.m.1 -> P.C.2, remove P.k.1",
        f"P.T.2 change: {moves('P.m.2', member_type='system.MEMBER_TYPE_LIST.1')}",
    ]
    assert client.update("P").rows() == [row.format(".1") for row in expected]
    assert client.update("P", "force").rows() == [row.format(".2") for row in expected]
    assert client.get("P.N").members() == ["P.m.2 = one * 1.5 -> P.C.2"]


@pytest.mark.ledger("UNV-6")
@pytest.mark.parametrize("always", ["false", "true"])
@pytest.mark.parametrize("scope", ["node", "latest"])
def test_a_second_impact_after_a_clean_force_is_empty(client: Client, always: str, scope: str) -> None:
    client.load(mixed())
    numbers_and_rows = []
    for action in ("force", "impact", "force"):
        reply = client.update("P", action, alwaysCreateNewVersionIndicator=always, sourceScope=scope)
        numbers_and_rows.append((reply.number, len(reply.rows())))
    assert numbers_and_rows[0] > (0, 0)
    assert numbers_and_rows[1:] == [(0, 0), (0, 0)]


# Repeated forces


@pytest.mark.ledger("UNV-6")
def test_relinking_is_repeated_until_nothing_is_left_to_do(client: Client) -> None:
    length = 30
    graph = Graph().node(f"P.N{length}", frozen(), draft())
    for number in range(length):
        graph.node(f"P.N{number}", frozen(*links(f"P.N{number + 1}.1")))
    client.load(graph)
    rows = client.update("P", "force").rows()
    assert sorted(rows) == sorted(f"P.N{number}.2 version: {moves(f'P.N{number + 1}.2')}" for number in range(length))
    assert client.get("P.N0").members() == [f"{NODES} -> P.N1.2"]


@pytest.mark.ledger("UNV-6")
def test_in_a_cycle_every_node_links_to_the_new_version_of_the_next(client: Client) -> None:
    client.load(
        Graph()
        .node("P.A", frozen(*links("P.B.1")))
        .node("P.B", frozen(*links("P.C.1")))
        .node("P.C", frozen(*links("P.A.1", "P.D.1")))
        .node("P.D", frozen(), draft())
    )
    assert client.update("P", "force").rows() == [
        f"P.A.2 version: {moves('P.B.2')}",
        f"P.B.2 version: {moves('P.C.2')}",
        f"P.C.2 version: {moves('P.A.2', 'P.D.2')}",
    ]
    assert client.get("P.C").members() == [f"{NODES} -> P.A.2", f"{NODES} -> P.D.2"]


@pytest.mark.ledger("UNV-13")
def test_a_cycle_that_nothing_moves_stays(client: Client) -> None:
    client.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(*links("P.A.1"))))
    assert client.update("P").rows() == []


@pytest.mark.ledger("UNV-6")
def test_a_link_to_itself_follows_the_new_version_of_its_node(client: Client) -> None:
    client.load(Graph().node("P.A", frozen(*links("P.A.1", "P.B.1"))).node("P.B", frozen(), draft()))
    assert client.update("P", "force").rows() == [f"P.A.2 version: {moves('P.A.2', 'P.B.2')}"]
    assert client.get("P.A").members() == [f"{NODES} -> P.A.2", f"{NODES} -> P.B.2"]


def test_a_link_to_itself_alone_needs_no_new_version(client: Client) -> None:
    client.load(Graph().node("P.A", frozen(*links("P.A.1"))))
    assert client.update("P").rows() == []


# alwaysCreateNewVersionIndicator


@pytest.mark.ledger("UNV-12")
def test_always_create_gives_a_draft_to_every_node_without_one(client: Client) -> None:
    client.load(
        Graph().node("P", package()).node("P.A", frozen(*links("P.A.1"))).node("P.D", draft()).node("X.C", frozen())
    )
    rows = client.update("P", "force", alwaysCreateNewVersionIndicator="true").rows()
    assert rows == ["P.2 version", f"P.A.2 version: {moves('P.A.2')}"]
    assert [client.get(node).text("nodeVersionNumber") for node in ("P", "P.A", "P.D", "X.C")] == ["2", "2", "1", "1"]


@pytest.mark.ledger("UNV-12")
def test_always_create_without_content_gives_a_draft_to_the_context_alone(client: Client) -> None:
    client.load(one_link())
    rows = client.update("P", "force", content=False, alwaysCreateNewVersionIndicator="true").rows()
    assert rows == ["P.2 version"]


@pytest.mark.ledger("UNV-13")
def test_without_always_create_only_nodes_whose_type_or_targets_change_get_versions(client: Client) -> None:
    client.load(one_link().node("P.E", frozen(*links("P.F.1"))).node("P.F", frozen()))
    client.update("P", "force")
    assert [client.get(node).text("nodeVersionNumber") for node in ("P", "P.A", "P.E", "P.F")] == ["1", "2", "1", "1"]


# While it runs


def refuse_versions(engine: Engine) -> None:
    """Let the database refuse new versions named `refused`, which no plan can predict."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;"
                "CREATE TRIGGER refuse BEFORE INSERT ON node_version FOR EACH ROW WHEN (NEW.node_name = 'refused')"
                " EXECUTE FUNCTION refuse()"
            )
        )


@pytest.mark.ledger("UNV-31", "UNV-50")
def test_an_impact_without_warnings_may_be_followed_by_errors(client: Client, engine: Engine) -> None:
    client.load(
        Graph()
        .node("P.A", frozen(*links("P.B.1", "P.D.1")))
        .node("P.B", frozen(*links("P.C.1"), name="refused"))
        .node("P.C", frozen(), draft())
        .node("P.D", frozen(*links("P.C.1")))
    )
    refuse_versions(engine)
    impact, force = client.update("P"), client.update("P", "force")
    assert (impact.number, [row["updateType"] for row in impact.updates()]) == (0, ["version"] * 3)
    assert force.number == 108
    assert force.rows() == [
        f"P.A.2 version: {moves('P.D.2')}",
        "P.B.1 error: Not updated: the database refused the update (P0001)",
        f"P.D.2 version: {moves('P.C.2')}",
    ]
    assert client.get("P.A").members() == [f"{NODES} -> P.B.1", f"{NODES} -> P.D.2"]


@pytest.mark.ledger("UNV-33")
def test_every_force_is_a_run_that_its_response_names(client: Client) -> None:
    client.load(one_link())
    reply = client.update("P", "force")
    run = client.app.test_client().get(f"/runs/{reply.response.headers['Relink-Run']}", auth=("admin", "correct horse"))
    assert run.json is not None
    assert (run.json["state"], run.json["done"], run.json["steps"]) == ("done", 1, 1)
    assert "Relink-Run" not in client.update("P").response.headers


@pytest.mark.ledger("UNV-34")
def test_the_same_request_sent_again_finishes_what_could_not_be_done(client: Client, engine: Engine) -> None:
    client.load(
        Graph()
        .node("P.A", frozen(*links("P.B.1")))
        .node("P.B", frozen(*links("P.C.1"), name="refused"))
        .node("P.C", frozen(), draft())
    )
    refuse_versions(engine)
    assert client.update("P", "force").number == 108
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER refuse ON node_version"))
    assert client.update("P", "force").rows() == [
        f"P.A.2 version: {moves('P.B.2')}",
        f"P.B.2 version: {moves('P.C.2')}",
    ]
    assert client.post(message("UpdateNodeVersions", {"nodeReference": "P"})).rows() == []
