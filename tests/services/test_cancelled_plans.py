"""Runs that are cancelled, or whose worker is stopped, while they are planned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from sqlalchemy import Engine, text

from tests.services.asynchronous import numbers, stored, update
from tests.support.http import ADMIN, PASSWORD, Client, Reply, message
from tests.support.lock_waits import waiting_sessions
from tests.support.served import eventually
from tests.support.solution_store import Store, config_slot
from tests.support.workers import ASYNC, accepted, response_of, shown, work
from tests.updates.test_force import interfere
from tests.wire.test_locked_tables import locked

OLD = ["1", "1", "1", "2"]
DISABLED = "the account of the user who started the run was disabled"


def cancel(client: Client, run: int) -> None:
    response = client.app.test_client().delete(f"/runs/{run}", auth=(ADMIN, PASSWORD))
    assert (response.status_code, response.get_json()["reason"]) == (202, f"cancelled by {ADMIN}")


def disable_starter(client: Client, _run: int) -> None:
    given = {"userLogonReferenceUpdate": "owner", "action": "disable"}
    assert client.post(message("UpdateUserStatus", given)).number == 0


WAYS = pytest.mark.parametrize(("end", "reason"), [(cancel, f"cancelled by {ADMIN}"), (disable_starter, DISABLED)])
ACTIONS = pytest.mark.parametrize("action", ["impact", "force"])


@contextmanager
def planned(client: Client, engine: Engine, run: int, stop: Event, table: str = "node_version") -> Iterator[None]:
    """Let a worker plan a run while the context lasts, and wait for its end afterwards."""
    with ThreadPoolExecutor(1) as threads:
        with locked(engine, table):
            worked = threads.submit(work, engine, stop.is_set, most=1)
            eventually(lambda: shown(client, run)["state"] == "running" and waits_for_a_table(engine))
            yield
        assert worked.result() == 1


def waits_for_a_table(engine: Engine) -> bool:
    """Whether a plan waits for the locked table. It has read the rights of its user by then."""
    return waiting_sessions(engine, event="relation") > 0


def stopped(client: Client, run: int, stop: Event) -> None:
    """Stop the worker of a run, and wait until the run has been asked to end."""
    stop.set()
    eventually(lambda: shown(client, run)["reason"] == "the service was stopped")


@pytest.mark.ledger("DEC-398")
@ACTIONS
@WAYS
def test_a_cancel_counts_while_the_worker_is_stopped(
    stale: Client, engine: Engine, action: str, end: Callable[[Client, int], None], reason: str
) -> None:
    run, stop = accepted(update(stale.as_user("owner"), action=action)), Event()
    with planned(stale, engine, run, stop):
        stopped(stale, run, stop)
        end(stale, run)
    ended = shown(stale, run)
    assert (ended["state"], ended["reason"], stored(engine)) == ("cancelled", reason, 0)
    assert (work(engine), numbers(stale)) == (0, OLD)


@pytest.mark.ledger("DEC-243")
@WAYS
def test_a_force_of_a_worker_is_cancelled_while_it_is_planned(
    stale: Client, engine: Engine, end: Callable[[Client, int], None], reason: str
) -> None:
    run = accepted(update(stale.as_user("owner")))
    with planned(stale, engine, run, Event()):
        end(stale, run)
    ended = shown(stale, run)
    assert [ended[name] for name in ("state", "reason", "steps", "left")] == ["cancelled", reason, 0, None]
    reply = response_of(stale, run)
    assert (reply.number, reply.text("errorDescription")) == (106, f"run {run} was cancelled")
    assert (work(engine), numbers(stale)) == (0, OLD)


@pytest.mark.ledger("DEC-243")
@WAYS
def test_a_force_whose_client_waits_is_cancelled_while_it_is_planned(
    stale: Client, engine: Engine, end: Callable[[Client, int], None], reason: str
) -> None:
    with ThreadPoolExecutor(1) as threads:
        with locked(engine, "node_version"):
            forced: Future[Reply] = threads.submit(stale.as_user("owner").update, "P", "force")
            eventually(lambda: waits_for_a_table(engine))
            end(stale, 1)
        reply = forced.result()
    assert (reply.number, reply.text("errorDescription")) == (106, "run 1 was cancelled")
    ended = shown(stale, 1)
    assert [ended[name] for name in ("state", "reason", "steps", "left")] == ["cancelled", reason, 0, None]
    assert numbers(stale) == OLD


@pytest.mark.ledger("DEC-243")
@pytest.mark.parametrize("headers", [{}, {"If-Match": "the plan"}])
def test_a_worker_that_is_stopped_puts_a_force_back_while_it_plans(
    stale: Client, engine: Engine, headers: dict[str, str]
) -> None:
    tag = stale.update("P", updateContentIndicator="true").response.headers["ETag"]
    run = accepted(update(stale, {**ASYNC, **dict.fromkeys(headers, tag)}))
    stop = Event()
    with planned(stale, engine, run, stop):
        stopped(stale, run, stop)
    waits = shown(stale, run)
    assert [waits[name] for name in ("state", "steps", "attempts", "reason")] == ["queued", 0, 0, None]
    assert (work(engine), numbers(stale)) == (1, ["2", "2", "2", "2"])
    assert shown(stale, run)["state"] == "done"


@pytest.mark.ledger("DEC-243")
def test_a_force_that_is_cancelled_while_it_is_planned_again_lists_what_it_has_done(
    stale: Client, engine: Engine
) -> None:
    """The first step changes the node of the second, and the run is cancelled when its staged steps are removed."""
    interfere(
        engine,
        "IF TG_TABLE_NAME = 'run_step' THEN UPDATE run SET cancel_requested = true, reason = 'cancelled by x';"
        " ELSIF nextval('step') = 1 THEN"
        " UPDATE node SET edition = edition + 1 WHERE node_reference = 'P.N1'; END IF;",
    )
    with engine.begin() as connection:
        removed = "CREATE TRIGGER removed AFTER DELETE ON run_step FOR EACH ROW EXECUTE FUNCTION interfere()"
        connection.execute(text(removed))
    reply = update(stale, {})
    assert (reply.number, reply.text("errorDescription")) == (108, "The run was cancelled.")
    assert [row["nodeReference"] for row in reply.updates()] == ["P.N2"]
    assert [shown(stale, 1)[name] for name in ("state", "done", "left")] == ["cancelled", 1, 2]


@pytest.mark.ledger("DEC-243")
def test_a_roll_out_is_cancelled_while_it_is_planned(store: Store, client: Client, engine: Engine) -> None:
    solution = store.published(config=[config_slot("a")])
    store.instance(solution, config={"a": '"x"'})
    store.republish(solution, config=[config_slot("a", title="A")])
    given = {"solutionId": solution, "action": "force"}
    run = accepted(client.post(message("UpdateSolutionInstances", given), headers=ASYNC))
    with planned(client, engine, run, Event(), "solution_instance"):
        cancel(client, run)
    ended = shown(client, run)
    assert [ended[name] for name in ("state", "reason", "left")] == ["cancelled", f"cancelled by {ADMIN}", None]
    assert response_of(client, run).number == 106
