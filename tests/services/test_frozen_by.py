"""Who froze a version, and when: the rows of the audit, and what ListNodeVersions returns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from app.nodes.deletion import delete_nodes
from app.nodes.freeze import freeze as freeze_node
from app.nodes.versions import find_node
from tests.support.audit import events
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import ADMIN, Client, message
from tests.support.imports import sign_up
from tests.support.solution_store import Store

MakeUser = Callable[..., None]
FROZEN = ("userLogonReferenceFrozenBy", "nodeVersionTimestampFrozen")

GRAPH = (
    Graph()
    .node("P.A", draft(*links("Q.B.1")))
    .node("Q.B", draft())
    .node("Q.inner", draft())
    .node("Q.Old", frozen(), draft())
)


@pytest.fixture
def stocked(client: Client) -> Client:
    client.load(GRAPH)
    return client


def freeze(client: Client, reference: str, action: str = "force", content: str = "") -> int:
    asked = {"nodeReference": reference, "action": action, "freezeContentIndicator": content}
    return client.post(message("FreezeNode", asked)).number


def frozen_by(client: Client, reference: str) -> list[tuple[str | None, ...]]:
    """Who froze the versions of a node and when, the oldest version first."""
    reply = client.post(message("ListNodeVersions", {"nodeReference": reference}))
    found = [tuple(version.findtext(field) for field in FROZEN) for version in reply.tree.iter("Version")]
    return found[::-1]


@pytest.mark.ledger("DEC-350")
def test_each_draft_that_is_frozen_has_a_row_that_says_with_which_node(stocked: Client, make_user: MakeUser) -> None:
    make_user("ann", "package-administer P", "package-administer Q")
    with capture_logs() as lines:
        assert freeze(stocked.as_user("ann"), "P.A") == 0
    assert events(stocked, "node-frozen") == [
        ("ann", "P.A", {"version": "1"}),
        ("ann", "Q.B", {"version": "1", "with": "P.A"}),
    ]
    told = [(line["object"], line["drafts"]) for line in lines if line.get("action") == "node-frozen"]
    assert told == [("P.A", 2)]


def test_the_content_that_is_frozen_with_a_package_has_rows(stocked: Client) -> None:
    assert freeze(stocked, "Q", content="true") == 0
    contents = [("Q.B", "1"), ("Q.Old", "2"), ("Q.inner", "1")]
    rows = [(ADMIN, name, {"version": number, "with": "Q"}) for name, number in contents]
    assert events(stocked, "node-frozen") == [(ADMIN, "Q", {"version": "1"}), *rows]


def test_a_request_that_freezes_nothing_leaves_no_row(stocked: Client, make_user: MakeUser) -> None:
    make_user("ann", "package-administer P", "package-read Q")
    assert freeze(stocked, "P.A", "impact") == 108
    assert freeze(stocked.as_user("ann"), "P.A") == 109
    assert freeze(stocked, "Q.B") == 0
    assert freeze(stocked, "Q.B") == 0
    assert [name for _, name, _ in events(stocked, "node-frozen")] == ["Q.B"]


@pytest.mark.ledger("DEC-350")
def test_an_import_that_freezes_a_draft_leaves_a_row_for_this_draft_alone(stocked: Client) -> None:
    """Versions that it imports frozen leave no row, nor does an impact."""
    brought = Graph().node("Q.Old", frozen(), frozen(), frozen()).node("Q.new", frozen()).node("Q.inner", draft())
    with capture_logs() as lines:
        assert stocked.post(brought.xml("impact")).number == 0
    assert events(stocked, "node-frozen") == []
    with capture_logs() as forced:
        stocked.load(brought)
    assert events(stocked, "node-frozen") == [(ADMIN, "Q.Old", {"version": "2", "by": "import"})]
    assert [line["action"] for line in lines + forced if line["event"] == "audit"] == ["node-frozen"]
    assert [who for who, _ in frozen_by(stocked, "Q.Old")] == [None, ADMIN, None]


def test_list_node_versions_returns_who_froze_a_version_and_when(stocked: Client, make_user: MakeUser) -> None:
    make_user("ann", "package-administer Q")
    assert freeze(stocked.as_user("ann"), "Q.Old") == 0
    stocked.copy("Q.Old.2", "Q.Old")
    by_import, (who, when), of_draft = frozen_by(stocked, "Q.Old")
    assert (by_import, who, of_draft) == ((None, None), "ann", (None, None))
    assert abs(datetime.now(UTC) - datetime.fromisoformat(when or "")) < timedelta(minutes=10)


def test_a_freeze_that_began_before_the_draft_was_made_is_known(stocked: Client, engine: Engine) -> None:
    """The freeze waited for the transaction that made the draft; only the database knows that."""
    stocked.load(Graph().node("Q.Late", frozen()))
    caller = sign_up(engine, "root", administers_all=True)
    with engine.begin() as connection:
        connection.execute(text("SELECT now()"))
        stocked.copy("Q.Late.1", "Q.Late")
        node = find_node(connection, caller, None, "Q.Late", "node")
        freeze_node(connection, caller, node, include_content=False)
    assert [when is not None for _, when in frozen_by(stocked, "Q.Late")] == [False, True]


def test_the_freeze_of_an_earlier_node_with_the_same_reference_is_not_that_of_the_later(
    stocked: Client, engine: Engine
) -> None:
    assert freeze(stocked, "Q.inner") == 0
    with engine.begin() as connection:
        query = text("SELECT node_identifier FROM node WHERE node_reference = 'Q.inner'")
        assert delete_nodes(connection, [connection.execute(query).scalar_one()]) == []
    stocked.load(Graph().node("Q.inner", frozen()))
    assert frozen_by(stocked, "Q.inner") == [(None, None)]


def test_a_node_that_was_named_in_a_freeze_is_hidden_from_who_may_not_read_it(
    stocked: Client, make_user: MakeUser, engine: Engine
) -> None:
    make_user("ann", "package-administer P", "package-administer Q")
    assert freeze(stocked.as_user("ann"), "P.A") == 0
    with engine.begin() as connection:
        on_p = "node_identifier = (SELECT node_identifier FROM node WHERE node_reference = 'P')"
        connection.execute(text(f"DELETE FROM permission WHERE {on_p}"))
    assert events(stocked.as_user("ann"), "node-frozen") == [("ann", None, {}), ("ann", "Q.B", {"version": "1"})]


@pytest.mark.ledger("DEC-351")
def test_a_release_that_is_published_has_a_row(client: Client, store: Store) -> None:
    solution = store.published()
    assert events(client, "release-published") == [(ADMIN, solution, {"release": "1"})]
