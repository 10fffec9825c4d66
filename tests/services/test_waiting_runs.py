"""What a queued run waits for, and the end of one that is cancelled while a worker plans."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from tests.services.asynchronous import update
from tests.support.http import ADMIN, PASSWORD, Client
from tests.support.run_records import held_run
from tests.support.served import eventually
from tests.support.workers import accepted, be_alive, response_of, shown, work, working
from tests.wire.test_locked_tables import locked


@pytest.mark.ledger("DEC-241")
def test_a_queued_run_says_what_it_waits_for(stale: Client, engine: Engine) -> None:
    def waits_for(run: int) -> tuple[object, object]:
        found = shown(stale, run)
        return found.get("waitingFor"), found.get("waitingForRun")

    first, second, impact = accepted(update(stale)), accepted(update(stale)), accepted(update(stale, action="impact"))
    assert [waits_for(run) for run in (first, second, impact)] == [("worker", None), ("run", first), ("worker", None)]
    be_alive(engine)
    assert [waits_for(run) for run in (first, second)] == [("turn", None), ("run", first)]
    with held_run(engine) as holder:
        assert waits_for(first) == ("run", holder)
        with engine.begin() as connection:
            connection.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'"))
            connection.execute(text("UPDATE run SET state = 'done' WHERE run_identifier = :run"), {"run": holder})
    assert waits_for(first) == ("worker", None)
    assert work(engine) == 3
    assert waits_for(first) == (None, None)


@pytest.mark.ledger("DEC-243")
def test_an_impact_is_cancelled_while_a_worker_plans_it(stale: Client, engine: Engine) -> None:
    run = accepted(update(stale, action="impact", sourceScope="latest"))
    with working(engine):
        with locked(engine, "node_version"):
            eventually(lambda: shown(stale, run)["state"] == "running")
            assert stale.app.test_client().delete(f"/runs/{run}", auth=(ADMIN, PASSWORD)).status_code == 202
        eventually(lambda: shown(stale, run)["state"] not in ("queued", "running"))
    ended = shown(stale, run)
    assert (ended["state"], ended["reason"], ended["plan"]) == ("cancelled", f"cancelled by {ADMIN}", None)
    assert response_of(stale, run).number == 106
