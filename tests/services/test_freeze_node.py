"""FreezeNode: which other drafts are frozen, what prevents a freeze, and frozen versions stay frozen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from tests.support.builders import Graph, M, V, draft, frozen, links, member_type, type_with
from tests.support.edits import set_node
from tests.support.http import Client, Reply, message

MakeUser = Callable[..., None]

# P.A in draft depends on drafts of its type, of a member type of its data, and of a target, which links on.
GRAPH = (
    Graph()
    .node("P.A", draft(M("P.m.1", value="1", target="P.B.1"), type="P.T.1", name="Axle"))
    .node("P.T", type_with("P.m.1", draft=True))
    .node("P.m", member_type(draft=True))
    .node("P.B", draft(*links("P.C.1", "P.F.1")))
    .node("P.C", draft(*links("P.B.1"), name="Cap"))
    .node("P.F", frozen())
    .node("P.Above", draft(*links("P.A.1")))
    .node("P.Apart", frozen(), draft())
)
CLOSURE = ["P.A.1", "P.B.1", "P.C.1", "P.T.1", "P.m.1"]


@pytest.fixture
def store(client: Client) -> Client:
    client.load(GRAPH)
    return client


def ask(client: Client, reference: str, action: str = "", content: str = "") -> Reply:
    given = {"nodeReference": reference, "action": action, "freezeContentIndicator": content}
    return client.post(message("FreezeNode", given))


def force_as_listed(client: Client, tag: str, content: str = "") -> Reply:
    """Freeze P.A and what it depends on, if these are the drafts that an impact has listed."""
    given = {"nodeReference": "P.A", "action": "force", "freezeContentIndicator": content}
    return client.post(message("FreezeNode", given), headers={"If-Match": tag})


def listed(reply: Reply) -> list[str]:
    """The listed nodes, as version references. Those that prevent the freeze have a `!`."""
    return [
        f"{node.findtext('nodeReference')}.{node.findtext('nodeVersionNumber')}"
        + ("!" if node.findtext("errorMessage") else "")
        for node in reply.tree.iterfind("NodeList/Node")
    ]


def frozen_versions(engine: Engine) -> dict[str, int]:
    """The highest frozen version of each node outside the system package."""
    query = "SELECT node_reference, frozen_version_number FROM node WHERE node_reference NOT LIKE 'system%'"
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(text(query))}


@pytest.mark.ledger("DEC-393")
def test_a_force_freezes_what_its_impact_has_listed_or_nothing(store: Client, engine: Engine) -> None:
    before, shown = frozen_versions(engine), ask(store, "P.A").response.headers["ETag"]
    assert set_node(store, "update", nodeVersionReference="P.C", nodeName="Lid").number == 0
    refused = force_as_listed(store, shown)
    assert (refused.status, refused.number, frozen_versions(engine)) == (412, 106, before)
    shown = ask(store, "P.A").response.headers["ETag"]
    more = Graph().node("P.New", draft()).node("P.B", draft(*links("P.C.1", "P.F.1", "P.New.1")))
    assert store.post(more.xml()).number == 0
    assert force_as_listed(store, shown).status == 412, "P.New would be frozen too"
    shown = ask(store, "P.A").response.headers["ETag"]
    done = force_as_listed(store, shown)
    assert (done.number, listed(done)) == (0, sorted([*CLOSURE, "P.New.1"]))
    assert "ETag" not in done.response.headers
    assert force_as_listed(store, shown).status == 412, "nothing is left to freeze"
    assert force_as_listed(store, "*").number == 0


def test_impact_lists_all_that_a_draft_depends_on_and_freezes_nothing(store: Client, engine: Engine) -> None:
    before = frozen_versions(engine)
    for action in ("", "impact"):
        reply = ask(store, "P.A", action)
        assert (reply.number, listed(reply)) == (108, CLOSURE)
    assert frozen_versions(engine) == before


def test_a_force_freezes_a_draft_and_only_its_dependencies(store: Client, engine: Engine) -> None:
    before = frozen_versions(engine)
    reply = ask(store, "P.A", "force")
    assert (reply.number, listed(reply)) == (0, CLOSURE)
    assert frozen_versions(engine) == before | dict.fromkeys(("P.A", "P.B", "P.C", "P.T", "P.m"), 1)


def test_the_response_identifies_the_version_and_lists_the_frozen_nodes(store: Client) -> None:
    for action in ("impact", "force"):
        reply = ask(store, "P.A", action)
        assert (reply.text("nodeVersionReference"), reply.text("nodeName")) == ("P.A.1", "Axle")
        names = [name.text for name in reply.tree.iterfind("NodeList/Node/nodeName")]
        assert names == ["Axle", "B", "Cap", "T", "m"]


def test_a_draft_that_depends_on_no_other_is_frozen_alone(store: Client) -> None:
    for action in ("impact", "force"):
        reply = ask(store, "P.Apart", action)
        assert (reply.number, listed(reply)) == (0, ["P.Apart.2"])
    assert store.get("P.Apart.$current").text("nodeVersionNumber") == "2"


def test_nothing_is_listed_if_there_is_no_draft(store: Client) -> None:
    for action in ("impact", "force", "force"):
        reply = ask(store, "P.F", action)
        assert (reply.number, listed(reply), reply.text("nodeVersionReference")) == (0, [], "P.F.1")


def test_the_content_of_a_package_is_frozen_on_request(store: Client, engine: Engine) -> None:
    store.load(Graph().node("PX.A", draft()).node("P.A.inner", draft()))
    assert listed(ask(store, "P")) == ["P.1"]
    reply = ask(store, "P", content="true")
    everything = ["P.1", "P.A.1", "P.A.inner.1", "P.Above.1", "P.Apart.2", "P.B.1", "P.C.1", "P.T.1", "P.m.1"]
    assert (reply.number, listed(reply)) == (108, everything)
    assert listed(ask(store, "P", "force", "true")) == everything
    still = {reference for reference, number in frozen_versions(engine).items() if number == 0}
    assert still == {"PX", "PX.A"}


def test_a_node_is_named_by_identifier_before_reference(store: Client) -> None:
    identifier = store.get("P.Apart").text("nodeIdentifier") or ""
    reply = store.post(message("FreezeNode", {"nodeIdentifier": identifier, "nodeReference": "P.A"}))
    assert listed(reply) == ["P.Apart.2"]


def test_a_node_that_does_not_exist_is_not_found(store: Client) -> None:
    for reference in ("", "P.X", "P.A.1", "P..A"):
        reply = ask(store, reference, "force")
        assert (reply.number, reply.text("errorFields")) == (105, "nodeReference")


def test_a_user_who_may_not_read_a_node_is_refused(store: Client, make_user: MakeUser) -> None:
    make_user("stranger")
    for user in ("stranger", None):
        assert ask(store.as_user(user), "P.A", "force").number == 101


def test_nodes_without_administer_block_the_action(store: Client, engine: Engine, make_user: MakeUser) -> None:
    make_user(
        "owner", "node-administer P.A", "node-administer P.T", "node-update P.B", "node-use-draft P.C", "node-read P.m"
    )
    before = frozen_versions(engine)
    for action in ("impact", "force"):
        reply = ask(store.as_user("owner"), "P.A", action)
        assert (reply.number, listed(reply)) == (109, ["P.B.1!", "P.C.1!", "P.m.1!"])
        assert frozen_versions(engine) == before


def test_a_node_without_administer_cannot_be_frozen(store: Client, make_user: MakeUser) -> None:
    make_user("editor", "node-update P.Apart")
    for action in ("impact", "force"):
        reply = ask(store.as_user("editor"), "P.Apart", action)
        assert (reply.number, listed(reply)) == (109, ["P.Apart.2!"])


def test_unreadable_nodes_are_counted_and_not_named(store: Client, engine: Engine, make_user: MakeUser) -> None:
    make_user("owner", "node-administer P.A", "node-administer P.T", "node-administer P.m", "node-update P.B")
    before = frozen_versions(engine)
    for action in ("impact", "force"):
        reply = ask(store.as_user("owner"), "P.A", action)
        assert (reply.number, listed(reply)) == (109, ["P.B.1!"])
        assert "1 of them is not listed, because you are not authorised to read it" in (
            reply.text("errorDescription") or ""
        )
        assert "P.C" not in reply.response.text
        assert "Cap" not in reply.response.text
        assert frozen_versions(engine) == before


def test_a_hidden_draft_that_the_user_does_not_administer_is_not_frozen(
    store: Client, engine: Engine, make_user: MakeUser
) -> None:
    store.load(Graph().node("S.hidden", draft()).node("P.Over", draft(*links("S.hidden.1"))))
    make_user("owner", "package-administer P")
    reply = ask(store.as_user("owner"), "P.Over", "force")
    assert (reply.number, listed(reply)) == (109, [])
    assert frozen_versions(engine)["P.Over"] == 0


@pytest.fixture
def settled(client: Client) -> Client:
    """P.A, frozen at version 1, with a member and a draft above; P.D in draft."""
    client.load(
        Graph()
        .node("P.A", V((M(value="1", target="P.B.1"),), comment="c"), draft(M(value="2")))
        .node("P.B", frozen(), draft())
        .node("P.D", draft(*links("P.B.2")))
        .node("P.E", draft(type="P.F.1"))
        .node("P.F", type_with("system.NODE_LIST.1", draft=True))
        .node("P.G", draft(M("P.m.2")))
        .node("P.m", member_type(), member_type(draft=True))
    )
    return client


A = "(SELECT node_identifier FROM node WHERE node_reference = 'P.A')"


CHANGES = [
    f"UPDATE node_version SET node_name = 'x' WHERE node_identifier = {A} AND version_number = 1",
    f"UPDATE node_version SET node_version_comment = NULL WHERE node_identifier = {A}",
    f"UPDATE node_version SET type_version_number = 1 WHERE node_identifier = {A}",
    f"UPDATE node_version SET amended_at = now() WHERE node_identifier = {A}",
    f"UPDATE node_version SET values = ARRAY['x'] WHERE node_identifier = {A} AND version_number = 1",
    f"UPDATE node_version SET target_numbers = ARRAY[2] WHERE node_identifier = {A} AND version_number = 1",
    f"UPDATE node_version SET version_number = 3 WHERE node_identifier = {A} AND version_number = 1",
    f"UPDATE node_version SET (member_types, member_type_numbers, sequences, targets, target_numbers, values, comments)"
    f" = ('{{}}', '{{}}', '{{}}', '{{}}', '{{}}', NULL, NULL) WHERE node_identifier = {A} AND version_number = 1",
    f"DELETE FROM node_version WHERE node_identifier = {A} AND version_number = 1",
    f"INSERT INTO node_version SELECT v.* FROM node_version v WHERE node_identifier = {A} AND version_number = 1"
    " ON CONFLICT (node_identifier, version_number) DO UPDATE SET values = ARRAY['x']",
    "UPDATE node SET frozen_version_number = 0, latest_version_number = 1 WHERE node_reference = 'P.A'",
    "UPDATE node_version SET values = array_remove(values, 'false') WHERE node_identifier <= 1000",
    "UPDATE node_version SET node_name = 'x' WHERE node_identifier = 1",
]


def test_a_frozen_version_never_changes(settled: Client, engine: Engine) -> None:
    before = settled.get("P.A.1").response.data
    for statement in CHANGES:
        with pytest.raises(DBAPIError, match="frozen"), engine.begin() as connection:
            connection.execute(text(statement))
        assert settled.get("P.A.1").response.data == before, statement


def test_nothing_is_frozen_that_depends_on_a_draft(settled: Client, engine: Engine) -> None:
    statement = "UPDATE node SET frozen_version_number = latest_version_number WHERE node_reference = :reference"
    for reference in ("P.D", "P.E", "P.G"):
        with pytest.raises(DBAPIError, match="depends on a draft"), engine.begin() as connection:
            connection.execute(text(statement), {"reference": reference})


def test_a_draft_changes_until_it_is_frozen(settled: Client, engine: Engine) -> None:
    statement = f"UPDATE node_version SET values = ARRAY['x'] WHERE node_identifier = {A} AND version_number = 2"
    with engine.begin() as connection:
        connection.execute(text(statement))
    settled.freeze("P.A")
    with pytest.raises(DBAPIError, match="frozen"), engine.begin() as connection:
        connection.execute(text(statement))
    assert settled.get("P.A.2").members() == ["system.NODE_LIST.1 = x"]
