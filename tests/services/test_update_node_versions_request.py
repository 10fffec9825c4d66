"""UpdateNodeVersions: the elements of a request, their defaults, and the requests that are refused."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice, permutations

import pytest
from flask import Flask
from sqlalchemy import Engine

from app.identity.rights import Caller
from app.nodes.permissions import create_permission
from tests.support.builders import Graph, draft, frozen, links, moves, package
from tests.support.http import Client, message

# P.A is out of date inside the package, and outside it, where X.C has a later version.
STALE = (
    Graph()
    .node("P", package())
    .node("P.A", frozen(*links("P.B.1", "X.C.1")))
    .node("P.B", frozen(), draft())
    .node("X.C", frozen(), frozen())
)
RELINK = {"nodeReference": "P", "action": "impact", "updateContentIndicator": "true"}
ROWS = [f"P.A.1 version: {moves('P.B.2')}"]


@pytest.fixture
def stale(client: Client) -> Client:
    client.load(STALE)
    return client


def ask(client: Client, **elements: str) -> list[str]:
    reply = client.post(message("UpdateNodeVersions", elements))
    assert reply.number == 0, reply.response.text
    return reply.rows()


@pytest.mark.ledger("DEC-1")
def test_action_defaults_to_impact(stale: Client) -> None:
    assert ask(stale, nodeReference="P", updateContentIndicator="true") == ROWS
    assert stale.get("P.A").text("nodeVersionNumber") == "1"


@pytest.mark.ledger("UNV-24", "DEC-1")
def test_update_content_indicator_defaults_to_false(stale: Client) -> None:
    assert ask(stale, nodeReference="P", sourceScope="latest") == []
    assert ask(stale, nodeReference="P", sourceScope="latest", updateContentIndicator="true") != []


@pytest.mark.ledger("DEC-1")
def test_always_create_new_version_indicator_defaults_to_false(stale: Client) -> None:
    assert ask(stale, nodeReference="P") == []
    assert ask(stale, nodeReference="P", alwaysCreateNewVersionIndicator="true") == ["P.1 version"]


@pytest.mark.ledger("DEC-1")
def test_source_scope_defaults_to_node(stale: Client) -> None:
    assert ask(stale, **RELINK) == ask(stale, **RELINK, sourceScope="node") == ROWS


@pytest.mark.ledger("UNV-36")
def test_empty_elements_mean_their_defaults(stale: Client) -> None:
    empty = dict.fromkeys(("nodeIdentifier", "action", "sourceScope", "sourceReference"), "")
    indicators = {"updateContentIndicator": "true", "alwaysCreateNewVersionIndicator": ""}
    assert ask(stale, nodeReference="P", **empty, **indicators) == ROWS
    assert ask(stale, nodeReference="P.A", updateContentIndicator="", sourceScope=" ") == []


def test_white_space_around_words_and_references_means_nothing(stale: Client) -> None:
    assert ask(stale, nodeReference=" P\n", action=" impact ", updateContentIndicator=" true ") == ROWS


@pytest.mark.ledger("UNV-35", "UNV-36")
def test_elements_come_in_any_order(stale: Client) -> None:
    elements = [
        ("userLogonReference", "admin"),
        ("password", "correct horse"),
        *RELINK.items(),
        ("sourceScope", "node"),
        ("sourceReference", ""),
    ]
    for ordered in islice(permutations(elements), 0, None, 631):
        assert stale.as_user(None).post(message("UpdateNodeVersions", dict(ordered))).rows() == ROWS


@pytest.mark.ledger("UNV-8")
def test_impact_lists_the_updates_and_makes_none(stale: Client) -> None:
    first, second = stale.update("P"), stale.update("P")
    assert first.rows() == ROWS
    assert first.response.data == second.response.data
    assert stale.get("P.A").text("nodeVersionReference") == "P.A.1"


@pytest.mark.ledger("UNV-9", "DEC-2")
@pytest.mark.parametrize("action", ["force", "update"])
def test_force_performs_the_updates_and_update_is_another_word_for_it(stale: Client, action: str) -> None:
    assert stale.update("P", action).rows() == [f"P.A.2 version: {moves('P.B.2')}"]
    assert stale.get("P.A").members() == ["system.NODE_LIST.1 -> P.B.2", "system.NODE_LIST.1 -> X.C.1"]


@pytest.mark.ledger("DEC-5")
def test_a_clean_impact_returns_0_though_it_lists_updates(stale: Client) -> None:
    reply = stale.update("P")
    assert (reply.number, len(reply.rows())) == (0, 1)


@pytest.mark.ledger("UNV-7", "UNV-37")
def test_the_context_is_given_by_identifier_or_reference(stale: Client) -> None:
    identifier = stale.get("P").text("nodeIdentifier") or ""
    content = {"updateContentIndicator": "true"}
    assert ask(stale, nodeIdentifier=identifier, **content) == ask(stale, nodeReference="P", **content) == ROWS


@pytest.mark.ledger("UNV-38")
def test_the_identifier_takes_precedence_over_the_reference(stale: Client) -> None:
    identifier = stale.get("P").text("nodeIdentifier") or ""
    assert ask(stale, nodeIdentifier=identifier, nodeReference="X", updateContentIndicator="true") == ROWS
    assert ask(stale, nodeIdentifier="0", nodeReference="P", updateContentIndicator="true") == ROWS


@pytest.mark.ledger("UNV-81", "DEC-4")
@pytest.mark.parametrize(
    ("elements", "field"),
    [
        ({"nodeReference": "P.Nowhere"}, "nodeReference"),
        ({"nodeReference": "no reference!"}, "nodeReference"),
        ({"nodeReference": ""}, "nodeReference"),
        ({"nodeIdentifier": "999999", "nodeReference": "P"}, "nodeIdentifier"),
        ({"nodeReference": "P", "sourceScope": "current", "sourceReference": "X.Nowhere"}, "sourceReference"),
        ({"nodeReference": "P", "sourceScope": "latest", "sourceReference": "no reference!"}, "sourceReference"),
        ({"nodeReference": "P", "sourceScope": "manifest", "sourceReference": "X.Nowhere"}, "sourceReference"),
        ({"nodeReference": "P", "sourceScope": "manifest", "sourceReference": "X.C.7"}, "sourceReference"),
        ({"nodeReference": "P", "sourceScope": "manifest", "sourceReference": ""}, "sourceReference"),
    ],
)
def test_105_when_context_or_source_cannot_be_found(stale: Client, elements: dict[str, str], field: str) -> None:
    for action in ("impact", "force"):
        reply = stale.post(message("UpdateNodeVersions", {**elements, "action": action}))
        assert (reply.status, reply.number, reply.text("errorFields")) == (200, 105, field)
        assert reply.text("errorMessage")


@pytest.mark.ledger("UNV-36", "DEC-4")
@pytest.mark.parametrize(
    ("element", "word"),
    [
        ("action", "modify"),
        ("sourceScope", "nearest"),
        ("updateContentIndicator", "yes"),
        ("alwaysCreateNewVersionIndicator", "1"),
        ("nodeIdentifier", "P"),
        ("nodeReferenceNew", "P.B"),
    ],
)
def test_105_with_status_400_when_the_schema_refuses_the_request(stale: Client, element: str, word: str) -> None:
    reply = stale.post(message("UpdateNodeVersions", {"nodeReference": "P", element: word}))
    assert (reply.status, reply.number) == (400, 105)
    assert element in (reply.text("errorMessage") or "")


@pytest.mark.ledger("UNV-32", "UNV-80", "DEC-4", "DEC-6")
@pytest.mark.parametrize("action", ["impact", "force"])
def test_101_only_when_the_context_may_not_be_read(stale: Client, make_user: Callable[..., None], action: str) -> None:
    make_user("stranger")
    make_user("reader", "package-read P", "node-use-draft P.B")
    refused, bypassed = (stale.as_user(user).update("P", action) for user in ("stranger", "reader"))
    assert (refused.status, refused.number) == (200, 101)
    assert refused.tree.find("UpdateList") is None
    assert (bypassed.status, bypassed.number) == (200, 108)
    assert bypassed.rows() == ["P.A.1 warning: Not authorised to administer this node"]


@pytest.mark.ledger("UNV-35")
def test_101_when_the_credentials_are_wrong(stale: Client) -> None:
    wrong = {"userLogonReference": "admin", "password": "wrong horse"}
    assert stale.post(message("UpdateNodeVersions", {**wrong, **RELINK})).number == 101


@pytest.mark.ledger("UNV-80")
def test_without_credentials_the_rights_are_those_of_public(app: Flask, engine: Engine, stale: Client) -> None:
    nobody = stale.as_user(None)
    assert nobody.update("P").number == 101
    with engine.begin() as connection:
        create_permission(connection, Caller(None, (), administers_all=True), "package-administer", "public", "P")
    assert nobody.update("P").rows() == ROWS
