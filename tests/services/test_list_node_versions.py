"""ListNodeVersions: who made and changed the versions of a node, and when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from lxml import etree

from tests.support.builders import Graph, M, V, draft, frozen, member_type, type_with
from tests.support.http import ADMIN, Client, Reply, message

MakeUser = Callable[..., None]

GRAPH = (
    Graph()
    .node("T", type_with())
    .node("P.N", V(name="One", comment="the first"), V(name="Two"), draft(type="T.1", name="Three"))
    .node("P.D", draft(name="Only a draft"))
)


@pytest.fixture
def store(client: Client) -> Client:
    client.load(GRAPH)
    return client


def ask(client: Client, reference: str, **elements: object) -> Reply:
    given = {name: str(value) for name, value in elements.items()}
    return client.post(message("ListNodeVersions", {"nodeReference": reference, **given}))


def versions(reply: Reply) -> list[etree._Element]:
    assert reply.number == 0, reply.response.text
    return list(reply.tree.iterfind("VersionList/Version"))


def numbers(reply: Reply) -> list[str]:
    return [version.findtext("nodeVersionNumber") or "" for version in versions(reply)]


def test_versions_come_newest_first_with_what_they_are(store: Client) -> None:
    reply = ask(store, "P.N")
    assert numbers(reply) == ["3", "2", "1"]
    assert [version.findtext("nodeName") for version in versions(reply)] == ["Three", "Two", "One"]
    assert [version.findtext("nodeVersionComment") for version in versions(reply)] == [None, None, "the first"]
    assert (reply.text("nodeName"), reply.text("nodeFrozenVersionNumber")) == ("Three", "2")
    assert versions(reply)[0].findtext("nodeVersionReferenceType") == "T.1"


def test_a_version_names_its_creator_and_its_last_editor(store: Client, make_user: MakeUser) -> None:
    store.load(Graph().node("P.B", frozen()).node("P.A", draft()))
    make_user("ann", "node-administer P.N", "package-read P", "package-link T")
    store.freeze("P.N")
    store.as_user("ann").copy("P.N.3", "P.N")
    first, *_, last = versions(ask(store, "P.N"))
    made = {element.tag: element.text for element in first}
    assert (made["userLogonReferenceCreatedBy"], made["userLogonReferenceAmendedBy"]) == ("ann", "ann")
    assert last.findtext("userLogonReferenceCreatedBy") == ADMIN
    times = [datetime.fromisoformat(version.findtext("nodeVersionTimestampCreated") or "") for version in (last, first)]
    assert times == sorted(times)
    assert all(time.tzinfo is not None for time in times)


def test_an_update_of_a_draft_type_also_changes_the_drafts_that_move_with_it(
    client: Client, make_user: MakeUser
) -> None:
    client.load(
        Graph()
        .node("D.m", member_type(), member_type(draft=True))
        .node("D.T", type_with("D.m.1", draft=True))
        .node("D.N", V((M("D.m.1", value="red"),), "D.T.1", draft=True))
    )
    make_user("ann", "package-administer D")
    assert client.as_user("ann").update("D", "force").number == 0
    (version,) = versions(ask(client, "D.N"))
    assert client.get("D.N").members() == ["D.m.2 = red"]
    assert version.findtext("userLogonReferenceCreatedBy") == ADMIN
    assert version.findtext("userLogonReferenceAmendedBy") == "ann"


def test_a_version_of_the_system_has_no_creator(client: Client) -> None:
    (version,) = versions(ask(client, "system.NULL"))
    assert version.find("userLogonReferenceCreatedBy") is None
    assert version.find("nodeVersionTimestampCreated") is not None


@pytest.mark.ledger("DEC-142")
def test_pages_have_each_version_once(store: Client) -> None:
    first = ask(store, "P.N", pageSize=2)
    assert (numbers(first), first.text("nodeVersionNumberBefore")) == (["3", "2"], "2")
    second = ask(store, "P.N", pageSize=2, nodeVersionNumberBefore=2)
    assert (numbers(second), second.text("nodeVersionNumberBefore")) == (["1"], None)
    assert numbers(ask(store, "P.N", nodeVersionNumberBefore=1)) == []
    assert numbers(ask(store, "P.N", nodeVersionNumberBefore=1000000)) == ["3", "2", "1"]


@pytest.mark.ledger("DEC-141")
def test_a_draft_is_listed_without_its_content_for_users_without_use_draft(store: Client, make_user: MakeUser) -> None:
    make_user("ann", "node-read P.N", "node-read P.D")
    ann = store.as_user("ann")
    reply = ask(ann, "P.N")
    assert numbers(reply) == ["3", "2", "1"]
    assert (reply.text("mayUseDraft"), reply.text("mayAdminister")) == ("false", "false")
    assert (reply.text("nodeName"), versions(reply)[0].findtext("nodeName")) == ("Two", None)
    assert versions(reply)[0].findtext("mayReadType") == "false"
    assert "Three" not in reply.response.text
    only = ask(ann, "P.D")
    assert (numbers(only), only.text("nodeName")) == (["1"], None)


def test_a_type_that_may_not_be_read_is_not_named(store: Client, make_user: MakeUser) -> None:
    make_user("ann", "node-read P.N", "node-use-draft P.N")
    newest, older, _ = versions(ask(store.as_user("ann"), "P.N"))
    assert (newest.findtext("mayReadType"), newest.find("nodeVersionReferenceType")) == ("false", None)
    assert older.findtext("mayReadType") == "true"


def test_a_node_that_may_not_be_read(store: Client, make_user: MakeUser) -> None:
    make_user("ann")
    assert ask(store.as_user("ann"), "P.N").number == 101
    assert ask(store.as_user(None), "P.N").number == 101
    assert ask(store, "P.none").number == 105
