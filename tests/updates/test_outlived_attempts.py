"""An attempt of a run that has lost its session does not affect later attempts, however long it lasts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.database.engine import driver_connection, single_statements
from app.runs import locks
from app.runs.upkeep import close_dead
from app.updates import staging
from tests.support.chance import seeded
from tests.support.http import Client, message
from tests.support.kills import Battlefield, package, terminate_backend
from tests.support.lock_waits import waiting_sessions
from tests.support.run_records import insert_run
from tests.support.served import eventually
from tests.support.workers import ASYNC, accepted, shown, work

FORCE = {"nodeReference": "F", "action": "force", "updateContentIndicator": "true"}
HELD = "F.N003"


@pytest.fixture
def field(client: Client, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Battlefield:
    """A package `F` that is to be forced, in blocks of a few steps."""
    monkeypatch.setattr(staging, "BLOCK", 7)
    field = Battlefield("", client, engine, eventually, seeded())
    field.expect()
    client.load(package("F"))
    return field


def staged(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM run_step")).scalar_one())


def begun(field: Battlefield, pool: ThreadPoolExecutor) -> None:
    """Let a worker begin the run, and wait until it has staged several blocks and waits for the node that is held."""

    def work_as_far_as_possible() -> None:
        with suppress(SQLAlchemyError, psycopg.Error):
            work(field.engine)

    pool.submit(work_as_far_as_possible)
    eventually(lambda: staged(field.engine) > 30)


@pytest.mark.ledger("DEC-367")
def test_a_step_whose_staged_row_is_gone_is_planned_again(field: Battlefield, engine: Engine) -> None:
    run = accepted(field.client.post(message("UpdateNodeVersions", FORCE), headers=ASYNC))
    with ThreadPoolExecutor(1) as pool, engine.connect() as holder:
        holder.execute(text("SELECT FROM node WHERE node_reference = :node FOR UPDATE"), {"node": HELD})
        begun(field, pool)
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM run_step WHERE ordinal BETWEEN 10 AND 17 OR ordinal > 60"))
        holder.rollback()
        eventually(lambda: shown(field.client, run)["state"] == "done")
    assert field.contents("F") == field.expected
    field.assert_nothing_staged()


@pytest.mark.ledger("DEC-367")
def test_steps_are_removed_only_while_no_other_session_holds_the_run(field: Battlefield, engine: Engine) -> None:
    run = accepted(field.client.post(message("UpdateNodeVersions", FORCE), headers=ASYNC))
    with ThreadPoolExecutor(1) as pool, engine.connect() as holder:
        holder.execute(text("SELECT FROM node WHERE node_reference = :node FOR UPDATE"), {"node": HELD})
        begun(field, pool)
        before = staged(engine)
        # An attempt that has lost its session does this at its end, after another attempt has taken the run.
        with engine.connect() as lost, single_statements(engine) as driver:
            staging.unstage(driver, run, session=driver_connection(lost).info.backend_pid)
        assert staged(engine) >= before
        terminate_backend(engine, run)
        holder.rollback()
    assert eventually(lambda: shown(field.client, run)["state"] in ("queued", "done"))
    work(engine)
    assert (shown(field.client, run)["state"], field.contents("F")) == ("done", field.expected)
    field.assert_nothing_staged()


@pytest.mark.ledger("DEC-367")
def test_an_attempt_removes_its_staged_steps_if_no_session_holds_the_run(field: Battlefield, engine: Engine) -> None:
    with engine.begin() as connection:
        insert = "INSERT INTO run_step (run_identifier, ordinal, node_identifier, edition, kind, version_number,"
        insert += " type_version_number, list_moves) VALUES (1, :ordinal, 1, 1, 'version', 1, 1, false)"
        connection.execute(text(insert), [{"ordinal": number} for number in range(1, 4)])
    with engine.connect() as holder, single_statements(engine) as driver:
        session = driver_connection(holder).info.backend_pid
        with holder.begin():
            locks.lock(holder, 1)
        staging.unstage(driver, 1, session=session + 1)
        assert staged(engine) == 3
        staging.unstage(driver, 1, session=session)
        assert staged(engine) == 0
        locks.release(holder, 1)


@pytest.mark.ledger("DEC-367")
def test_a_run_that_is_taken_while_it_is_about_to_be_closed_stays_with_its_taker(
    client: Client, engine: Engine
) -> None:
    client.load(package("F"))
    run = insert_run(engine, "running", "F")
    with ThreadPoolExecutor(1) as pool, engine.connect() as taker:
        taker.execute(text("SELECT FROM run WHERE run_identifier = :run FOR UPDATE"), {"run": run})
        closed = pool.submit(close_dead, engine)
        eventually(lambda: waiting_sessions(engine))
        locks.lock(taker, run)
        taker.commit()
        assert closed.result() == 0
        state = text("SELECT state FROM run WHERE run_identifier = :run")
        assert taker.execute(state, {"run": run}).scalar_one() == "running"
        locks.release(taker, run)
    assert close_dead(engine) == 1
