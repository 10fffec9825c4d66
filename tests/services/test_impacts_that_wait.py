"""`Prefer: respond-async, wait=N`: a short impact gets its response at once, and a worker carries out longer ones."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine, text

from tests.services.asynchronous import rows, update
from tests.support.http import Client
from tests.support.lock_waits import waiting_sessions
from tests.support.served import eventually
from tests.support.solution_store import Store, config_slot, element
from tests.support.workers import accepted, be_alive, response_of, shown, work

RUNS = "SELECT count(*) FROM run"


def soon(seconds: object) -> dict[str, str]:
    return {"Prefer": f"respond-async, wait={seconds}"}


@pytest.fixture
def alive(engine: Engine) -> None:
    """Let a worker be alive, but busy."""
    be_alive(engine)


@pytest.mark.ledger("DEC-395")
@pytest.mark.usefixtures("alive")
def test_an_impact_that_takes_longer_is_done_by_a_worker(stale: Client, engine: Engine) -> None:
    at_once = update(stale, {}, action="impact", sourceScope="latest")
    run = accepted(update(stale, soon(0), action="impact", sourceScope="latest"))
    assert work(engine) == 1
    kept = response_of(stale, run)
    assert kept.response.data == at_once.response.data
    assert kept.response.headers["ETag"] == at_once.response.headers["ETag"]


@pytest.mark.ledger("DEC-395")
@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize("wait", ["60", '"60"', "60;x=1", " 60"])
def test_an_impact_that_takes_no_longer_is_not_a_run(stale: Client, engine: Engine, wait: str) -> None:
    at_once = update(stale, {}, action="impact", sourceScope="latest")
    reply = update(stale, soon(wait), action="impact", sourceScope="latest")
    assert (reply.status, reply.response.data) == (200, at_once.response.data)
    assert reply.response.headers["ETag"] == at_once.response.headers["ETag"]
    assert "Preference-Applied" not in reply.response.headers
    assert rows(engine, RUNS) == 0


@pytest.mark.ledger("DEC-395")
@pytest.mark.usefixtures("alive")
def test_an_impact_that_gets_no_turn_is_done_by_a_worker(stale: Client, engine: Engine) -> None:
    turns = stale.app.extensions["relink"].workload.impacts
    with ExitStack() as taken:
        while taken.enter_context(turns.turn()).has_come:
            pass
        accepted(update(stale, soon(0), action="impact"))
    assert work(engine) == 1


@pytest.mark.ledger("DEC-395")
def test_without_a_worker_an_impact_is_done_however_long_it_takes(stale: Client, engine: Engine) -> None:
    reply = update(stale, soon(0), action="impact", sourceScope="latest")
    assert (reply.status, reply.number, rows(engine, RUNS)) == (200, 0, 0)


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize("wait", ["", "x", "-1", "1.5", "9999999999"])
def test_a_wait_that_is_no_number_of_seconds_is_ignored(stale: Client, wait: str) -> None:
    accepted(update(stale, soon(wait), action="impact"))


@pytest.mark.usefixtures("alive")
def test_only_impacts_of_updates_and_roll_outs_honour_wait(stale: Client, engine: Engine) -> None:
    accepted(update(stale, soon(60)))
    document = element("NodeImport", element("NodeList"), action="impact")
    accepted(stale.post(document, headers=soon(60)))
    assert update(stale, {"Prefer": "wait=0"}, action="impact").status == 200
    assert rows(engine, RUNS) == 2


@pytest.mark.usefixtures("alive")
def test_a_roll_out_that_takes_longer_is_planned_by_a_worker(store: Store, engine: Engine) -> None:
    solution = store.published(config=[config_slot("a", mandatory=False)])
    store.instance(solution)
    store.republish(solution, config=[config_slot("a", mandatory=False, title="b")])
    body = element("UpdateSolutionInstances", solutionId=solution, action="impact")
    at_once = store.client.post(body, headers=soon(60))
    assert (at_once.status, len(at_once.tree.findall("UpdateList/Update"))) == (200, 1)
    run = accepted(store.client.post(body, headers=soon(0)))
    assert work(engine) == 1
    assert (shown(store.client, run)["action"], shown(store.client, run)["state"]) == ("impact", "done")
    kept = response_of(store.client, run).response
    assert (kept.data, kept.headers["ETag"]) == (at_once.response.data, at_once.response.headers["ETag"])


@pytest.mark.usefixtures("alive")
def test_a_node_that_may_not_be_read_any_more_is_named_as_in_the_request(
    stale: Client, engine: Engine, make_user: Callable[..., None]
) -> None:
    make_user("ann", "package-read P")
    ann = stale.as_user("ann")
    with ThreadPoolExecutor(1) as thread, engine.connect() as connection:
        connection.execute(text("LOCK TABLE procrastinate_workers"))
        impact = thread.submit(update, ann, soon(60), action="impact")
        eventually(lambda: waiting_sessions(engine, "%procrastinate_workers%"))
        with engine.begin() as other:
            other.execute(text("DELETE FROM permission WHERE permission_type = 'package-read'"))
        connection.rollback()
    assert impact.result().response.data == update(ann, {}, action="impact").response.data
