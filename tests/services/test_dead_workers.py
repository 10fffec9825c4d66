"""Runs whose worker dies or is asked to stop are continued."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from tests.services.asynchronous import dies, numbers, rows, stored, update, work_and_die
from tests.services.test_rights_during_a_run import STEP_LOCK, waits_for_step_lock
from tests.support.http import Client
from tests.support.served import eventually
from tests.support.workers import ASYNC, accepted, get, response_of, shown, work
from tests.updates.test_force import interfere, stop_interfering


class TestDeadWorkers:
    @pytest.mark.ledger("DEC-166")
    def test_a_force_is_taken_up_again_and_ends_where_an_undisturbed_one_ends(
        self, stale: Client, engine: Engine
    ) -> None:
        run = accepted(update(stale))
        with dies(engine, 2):
            work_and_die(engine)
        record = shown(stale, run)
        assert (record["state"], record["done"], record["attempts"]) == ("queued", 1, 1)
        assert rows(engine, "SELECT count(*) FROM run_step") == 0
        assert work(engine) == 1
        record = shown(stale, run)
        assert [record[name] for name in ("state", "done", "steps", "left", "attempts")] == ["done", 3, 3, 0, 2]
        assert numbers(stale) == ["2", "2", "2", "2"]
        outcomes = get(stale, f"/runs/{run}/outcomes").get_json()["outcomes"]
        assert [outcome["nodeReference"] for outcome in outcomes] == ["P.N2", "P.N1", "P.N0"]
        reply = response_of(stale, run)
        assert [row.split()[0] for row in reply.rows()] == ["P.N0.2", "P.N1.2"]
        assert "1 update was made before the run was taken up again" in (reply.text("errorDescription") or "")

    def test_a_force_is_retried_at_most_three_times(self, stale: Client, engine: Engine) -> None:
        run = accepted(update(stale))
        interfere(engine, "PERFORM pg_terminate_backend(pg_backend_pid());")
        for attempt in range(1, 5):
            work_and_die(engine)
            record = shown(stale, run)
            assert (record["attempts"], record["state"]) == (attempt, "queued" if attempt < 4 else "interrupted")
        assert "was lost" in record["reason"]
        assert (work(engine), stored(engine)) == (0, 0)

    @pytest.mark.parametrize(("step", "state"), [(1, "queued"), (2, "interrupted")])
    def test_a_force_with_if_match_is_retried_only_if_nothing_was_done(
        self, stale: Client, engine: Engine, step: int, state: str
    ) -> None:
        tag = stale.update("P").response.headers["ETag"]
        run = accepted(update(stale, {**ASYNC, "If-Match": tag}))
        with dies(engine, step):
            work_and_die(engine)
        assert shown(stale, run)["state"] == state
        assert work(engine) == (1 if state == "queued" else 0)
        assert shown(stale, run)["state"] == ("done" if state == "queued" else "interrupted")

    def test_a_cancelled_force_is_not_retried(self, stale: Client, engine: Engine) -> None:
        run = accepted(update(stale))
        interfere(engine, "IF nextval('step') = 2 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;")
        work_and_die(engine)
        with engine.begin() as connection:
            connection.execute(text("UPDATE run SET cancel_requested = true, reason = 'cancelled by x'"))
        assert shown(stale, run)["state"] == "interrupted"
        assert work(engine) == 0

    @pytest.mark.ledger("DEC-398")
    def test_a_force_whose_worker_is_killed_while_it_is_stopped_is_taken_up_again(
        self, stale: Client, engine: Engine
    ) -> None:
        run = accepted(update(stale))
        with dies(engine, 2):
            work_and_die(engine)
        with engine.begin() as connection:
            connection.execute(text("UPDATE run SET cancel_requested = true, reason = 'the service was stopped'"))
        assert [shown(stale, run)[name] for name in ("state", "reason", "attempts")] == ["queued", None, 1]
        assert work(engine) == 1
        assert [shown(stale, run)[name] for name in ("state", "done")] == ["done", 3]

    def test_a_force_that_a_client_waits_for_is_not_retried(self, stale: Client, engine: Engine) -> None:
        with dies(engine, 2):
            assert stale.update("P", "force").status == 503
        [record] = get(stale, "/runs").get_json()["runs"]
        assert record["state"] == "interrupted"
        assert work(engine) == 0

    def test_a_worker_that_is_asked_to_stop_ends_after_the_present_node_and_another_goes_on(
        self, stale: Client, engine: Engine
    ) -> None:
        run = accepted(update(stale))
        interfere(
            engine,
            "IF nextval('step') = 2 THEN UPDATE run SET cancel_requested = true,"
            " reason = 'the service was stopped'; END IF;",
        )
        assert work(engine, most=1) == 1
        record = shown(stale, run)
        assert [record[name] for name in ("state", "done", "attempts", "reason")] == ["queued", 2, 0, None]
        stop_interfering(engine)
        assert work(engine) == 1
        assert (shown(stale, run)["state"], shown(stale, run)["done"]) == ("done", 3)

    def test_a_stopped_worker_stops_its_run(self, stale: Client, engine: Engine) -> None:
        run = accepted(update(stale))
        interfere(engine, f"PERFORM pg_advisory_xact_lock_shared({STEP_LOCK});")
        with engine.connect() as holder, ThreadPoolExecutor(1) as other:
            holder.execute(text("SELECT pg_advisory_lock(:key)"), {"key": STEP_LOCK})
            stopped: list[bool] = []
            worked = other.submit(work, engine, lambda: bool(stopped), most=1)
            eventually(lambda: waits_for_step_lock(engine))
            stopped.append(True)
            eventually(lambda: shown(stale, run)["reason"] == "the service was stopped")
            holder.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": STEP_LOCK})
            assert worked.result() == 1
        assert (shown(stale, run)["state"], shown(stale, run)["done"]) == ("queued", 1)
