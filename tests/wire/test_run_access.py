"""A user who sees a run learns nothing from it about nodes that they may not read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import PASSWORD, Client, Reply
from tests.support.run_records import held_run
from tests.support.solution_store import Store, config_slot

HIDDEN = "Merger"


@pytest.fixture
def shared(client: Client, make_user: Callable[..., None]) -> Client:
    """P, with two nodes that `bob` may not read although he administers P and P.Open; Q, which he may not read."""
    client.load(
        Graph()
        .node("P", frozen())
        .node("P.Open", frozen(*links("P.Base.1")))
        .node(f"P.{HIDDEN}", frozen(*links("P.Base.1"), name=HIDDEN))
        .node("P.Base", frozen(), draft())
        .node("Q.Source", frozen())
    )
    make_user("bob", "node-administer P", "node-administer P.Open", "node-read P.Base", "node-link P.Base")
    return client


def get(client: Client, path: str) -> tuple[int, str]:
    response = client.app.test_client().get(path, auth=None if client.user is None else (client.user, PASSWORD))
    return response.status_code, response.text


def shown(client: Client, path: str) -> Any:  # noqa: ANN401
    response = client.app.test_client().get(path, auth=(str(client.user), PASSWORD))
    assert response.status_code == 200, response.text
    return response.get_json()


def run_of(reply: Reply) -> int:
    return int(reply.response.headers["Relink-Run"])


@pytest.mark.ledger("DEC-30")
def test_the_response_of_a_run_is_for_its_starter_and_for_administrators(shared: Client) -> None:
    forced = shared.update("P", "force")
    assert HIDDEN in forced.response.text
    run = run_of(forced)
    bob = shared.as_user("bob")
    assert shown(bob, f"/runs/{run}")["nodeReference"] == "P"
    status, body = get(bob, f"/runs/{run}/response")
    assert (status, "101" in body, HIDDEN in body) == (403, True, False)
    assert get(shared, f"/runs/{run}/response")[0] == 200
    his = run_of(bob.update("P", "force"))
    for user in ("bob", "admin"):
        assert get(shared.as_user(user), f"/runs/{his}/response")[0] == 200


@pytest.mark.ledger("DEC-31")
def test_the_source_of_a_run_is_shown_to_users_who_may_read_it(shared: Client) -> None:
    run = run_of(shared.update("P", "force", sourceScope="latest", sourceReference="Q.Source"))
    assert shown(shared, f"/runs/{run}")["options"]["sourceReference"] == "Q.Source"
    assert shown(shared.as_user("bob"), f"/runs/{run}")["options"]["sourceReference"] is None


@pytest.mark.ledger("DEC-31")
def test_a_starter_who_lost_read_on_the_context_does_not_see_its_reference(shared: Client, engine: Engine) -> None:
    bob = shared.as_user("bob")
    run = run_of(bob.update("P.Open", "force"))
    assert shown(bob, f"/runs/{run}")["nodeReference"] == "P.Open"
    assert [run["run"] for run in shown(bob, "/runs?context=P.Open")["runs"]] == [run]
    with engine.begin() as connection:
        connection.execute(
            text(
                "DELETE FROM permission p USING node n WHERE n.node_identifier = p.node_identifier"
                " AND n.node_reference = 'P.Open'"
            )
        )
    assert shown(bob, f"/runs/{run}")["nodeReference"] is None
    assert [run["nodeReference"] for run in shown(bob, "/runs")["runs"]] == [None]
    assert shown(bob, "/runs?context=P.Open")["runs"] == []
    assert "P.Open" not in get(bob, "/runs")[1]
    assert shown(shared, f"/runs/{run}")["nodeReference"] == "P.Open"


def test_a_refusal_because_of_a_run_does_not_reveal_its_context(shared: Client, engine: Engine) -> None:
    with held_run(engine, f"P.{HIDDEN}"):
        refused = shared.as_user("bob").update("P", "force")
        assert refused.number == 106
        assert "run 1 holds this package or a part of it" in (refused.text("errorDescription") or "")
        assert HIDDEN not in refused.response.text
        assert get(shared.as_user("bob"), "/runs/1")[0] == 404


@pytest.mark.ledger("DEC-32")
def test_the_tag_of_a_plan_does_not_depend_on_an_unreadable_node(shared: Client) -> None:
    bob = shared.as_user("bob")
    before = bob.update("P"), shared.update("P")
    # The hidden node gets a second version, which is out of date as well.
    shared.load(Graph().node(f"P.{HIDDEN}", frozen(*links("P.Base.1")), first=2))
    after = bob.update("P"), shared.update("P")
    assert before[0].response.data == after[0].response.data
    assert before[0].response.headers["ETag"] == after[0].response.headers["ETag"]
    assert before[1].response.headers["ETag"] != after[1].response.headers["ETag"]


@pytest.mark.ledger("DEC-30")
def test_the_response_of_a_bulk_roll_out_is_for_its_starter_and_for_administrators(
    store: Store, client: Client, make_user: Callable[..., None]
) -> None:
    solution = store.published(config=[config_slot("a")])
    store.instance(solution, config={"a": '"x"'})
    make_user("one", "administer-solutions")
    make_user("other", "administer-solutions")
    run = run_of(
        client.as_user("one").post(
            f"<UpdateSolutionInstances><solutionId>{solution}</solutionId><action>force</action></UpdateSolutionInstances>"
        )
    )
    for user in ("one", "other", "admin"):
        assert shown(client.as_user(user), f"/runs/{run}")["solutionId"] == solution
    statuses = [get(client.as_user(user), f"/runs/{run}/response")[0] for user in ("one", "other", "admin")]
    assert statuses == [200, 403, 200]
