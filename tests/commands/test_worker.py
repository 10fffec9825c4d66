"""`relink worker`, as the processes that it is."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.database.migrate import migrate, require_schema
from app.database.queue import missing_migrations, shipped_migrations
from app.runs.queued import read_workers
from app.solutions.rollout.lazy_updates import BATCH
from tests.commands.conftest import Relink, StartWorker
from tests.services.test_expiring_authentications import after, messages, set_expiry
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import Client, message
from tests.support.moves import moves_made, moves_stopped, multiply, on_releases, record_moves
from tests.support.receiver import SECRET, receiver
from tests.support.served import WITHIN, eventually
from tests.support.solution_store import Store, config_slot, workflow
from tests.support.workers import ASYNC, accepted, shown
from tests.updates.test_force import interfere, stop_interfering

MANY = int(os.environ.get("RELINK_TEST_INSTANCES", "1500"))
MANY_WITHIN = 600
"""Two workers need some 30 s for 10,000 on two idle cores."""


def moved(engine: Engine) -> int:
    return on_releases(engine).get(2, 0)


def to_be_moved(store: Store, engine: Engine, count: int) -> None:
    """Instances of a solution that all go with a release that drops one of their slots and adds a workflow."""
    slots = [config_slot("a"), config_slot("b")]
    solution = store.published(config=slots, workflows=[workflow("w", trigger="webhook")])
    multiply(engine, store.instance(solution, config={"a": '"x"', "b": '"y"'}), count)
    workflows = [workflow("w", trigger="webhook"), workflow("v", trigger="webhook")]
    store.republish(solution, config=slots[:1], workflows=workflows)


@pytest.mark.ledger("UVU-3", "UVU-9")
def test_two_workers_one_of_them_killed_half_way_move_each_of_many_instances_once(
    store: Store, engine: Engine, start_worker: StartWorker
) -> None:
    record_moves(engine)
    to_be_moved(store, engine, MANY)
    with moves_stopped(engine, after=MANY // 3):
        killed, _ = start_worker(), start_worker()
        eventually(lambda: moved(engine) == MANY // 3, MANY_WITHIN)
        killed.kill()
        killed.wait()
    eventually(lambda: moved(engine) == MANY, MANY_WITHIN)
    made = moves_made(engine)
    assert len(made) == len({instance for instance, *_ in made}) == MANY
    with engine.connect() as connection:
        values = "SELECT external_identifier, count(*)::integer FROM instance_value GROUP BY 1"
        assert [tuple(row) for row in connection.execute(text(values))] == [("a", MANY)]
        workflows = "SELECT source_workflow_identifier, count(trigger_key)::integer FROM workflow_instance GROUP BY 1"
        assert {row[0]: row[1] for row in connection.execute(text(workflows))} == {"v": MANY, "w": MANY}


def test_sigterm_ends_it_after_the_present_instance_and_the_next_one_goes_on(
    store: Store, engine: Engine, start_worker: StartWorker
) -> None:
    record_moves(engine)
    to_be_moved(store, engine, 600)
    with moves_stopped(engine, after=20):
        worker = start_worker()
        eventually(lambda: moved(engine) == 20)
        worker.terminate()
    assert worker.wait(WITHIN) == 0
    with engine.connect() as connection:
        left = "SELECT (SELECT count(*) FROM procrastinate_workers), count(*) FILTER (WHERE status = 'doing')"
        assert tuple(connection.execute(text(f"{left} FROM procrastinate_jobs")).one()) == (0, 0)
    assert moved(engine) == len(moves_made(engine)) < 600
    start_worker()
    eventually(lambda: moved(engine) == 600)
    assert len(moves_made(engine)) == 600


@pytest.mark.ledger("DEC-355")
def test_sighup_ends_it_like_sigterm(store: Store, engine: Engine, start_worker: StartWorker) -> None:
    to_be_moved(store, engine, 1)
    worker = start_worker()
    eventually(lambda: moved(engine) == 1)
    worker.send_signal(signal.SIGHUP)
    assert worker.wait(WITHIN) == 0
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM procrastinate_workers")).scalar_one() == 0


def test_a_worker_continues_after_its_connections_are_lost(
    store: Store, engine: Engine, start_worker: StartWorker
) -> None:
    to_be_moved(store, engine, 1)
    with receiver() as receiving:
        worker = start_worker(RELINK_WEBHOOK_URL=receiving.url, RELINK_WEBHOOK_SECRET=SECRET)
        eventually(lambda: moved(engine) == 1)
        with engine.connect() as connection:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            connection.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
        engine.dispose()
        to_be_moved(store, engine, 1)
        eventually(lambda: moved(engine) == 2)
        announced(store)
        eventually(lambda: receiving.messages)
    assert worker.poll() is None


def announced(store: Store) -> None:
    """There is an instance that needs its end user, and a message about it."""
    solution = store.published()
    store.instance(solution)
    store.republish(solution, config=[config_slot("a")])


@pytest.mark.ledger("UVU-26", "DEC-274")
def test_it_sends_messages(store: Store, start_worker: StartWorker) -> None:
    expiring = store.authentication(None, expires="2020-01-01T00:00:00Z")
    with receiver() as receiving:
        receiving.statuses = [500]
        solution = store.published()
        instances = {store.instance(solution), store.instance(solution)}
        start_worker(RELINK_WEBHOOK_URL=receiving.url, RELINK_WEBHOOK_SECRET=SECRET)
        store.republish(solution, config=[config_slot("a")])
        about = {*instances, expiring}
        eventually(lambda: {one.get("solutionInstanceId", one.get("authId")) for one in receiving.messages} == about)
        eventually(lambda: len(receiving.messages) == 4)
    assert len({message["id"] for message in receiving.messages}) == 3


@pytest.mark.ledger("DEC-274")
def test_it_announces_by_itself_once_what_expires_within_seven_days(
    store: Store, engine: Engine, start_worker: StartWorker
) -> None:
    soon = store.authentication(None, expires=after(days=6.9))
    later = store.authentication(None, expires=after(days=8))
    start_worker()
    assert [message["authId"] for message in eventually(lambda: messages(engine))] == [soon]
    set_expiry(store, later, after(days=6.8))
    # The worker that starts next looks for expiries as if ten minutes had passed.
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_periodic_defers WHERE task_name = 'announce_expiries'"))
    with receiver() as receiving:
        start_worker(RELINK_WEBHOOK_URL=receiving.url, RELINK_WEBHOOK_SECRET=SECRET)
        eventually(lambda: {message["authId"] for message in receiving.messages} == {soon, later})
    assert len(receiving.messages) == len(messages(engine)) == 2


@pytest.mark.ledger("DEC-113")
def test_instances_move_while_a_message_is_being_sent(store: Store, engine: Engine, start_worker: StartWorker) -> None:
    """The receiver responds after further sweeps, still at the first attempt."""
    to_be_moved(store, engine, 3 * BATCH)
    with receiver() as receiving:
        receiving.responding.clear()
        with moves_stopped(engine, after=1):
            start_worker("--concurrency", "1", RELINK_WEBHOOK_URL=receiving.url, RELINK_WEBHOOK_SECRET=SECRET)
            eventually(lambda: moved(engine) == 1)
            announced(store)
            eventually(lambda: receiving.messages)
        eventually(lambda: moved(engine) == 3 * BATCH)
        receiving.responding.set()
        with engine.connect() as connection:
            query = text("SELECT attempts FROM outbox WHERE sent_at IS NOT NULL")
            assert eventually(lambda: connection.execute(query).scalars().all()) == [1]
    assert len(receiving.messages) == 1


@pytest.mark.ledger("DEC-112")
def test_old_messages_are_deleted_even_if_none_are_sent(
    store: Store, engine: Engine, start_worker: StartWorker
) -> None:
    announced(store)
    announced(store)
    with engine.begin() as connection:
        done = "sent_at = CASE WHEN message_identifier = (SELECT min(message_identifier::text)::uuid FROM outbox)"
        when = "now() - interval '8 days'"
        connection.execute(text(f"UPDATE outbox SET created_at = {when}, {done} THEN {when} END"))
    start_worker()
    with engine.connect() as connection:
        query = text("SELECT given_up_at IS NOT NULL FROM outbox")
        eventually(lambda: connection.execute(query).scalars().all() == [True])


def test_a_webhook_without_a_secret_is_refused(relink_on: Callable[[str], Relink], database_url: str) -> None:
    relink = relink_on(database_url).with_environment(RELINK_WEBHOOK_URL="https://example.com/")
    result = relink("worker")
    assert result.exit_code == 1
    assert "RELINK_WEBHOOK_SECRET" in result.stderr


def test_a_database_that_is_behind_is_refused(relink_on: Callable[[str], Relink], empty_database_url: str) -> None:
    result = relink_on(empty_database_url)("worker")
    assert result.exit_code == 1
    assert "run 'relink migrate'" in result.stderr


@pytest.mark.ledger("DEC-163")
def test_a_queued_force_is_done_at_once_by_a_worker_that_waits(
    client: Client, engine: Engine, start_worker: StartWorker
) -> None:
    client.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    force = {"nodeReference": "P", "action": "force", "updateContentIndicator": "true"}
    before = accepted(client.post(message("UpdateNodeVersions", force), headers=ASYNC))
    start_worker()
    eventually(lambda: shown(client, before)["state"] == "done")
    with engine.connect() as connection:
        assert read_workers(connection).alive == 1
    later = accepted(client.post(message("UpdateNodeVersions", {**force, "sourceScope": "latest"}), headers=ASYNC))
    eventually(lambda: shown(client, later)["state"] == "done")
    assert client.get("P.A").text("nodeVersionNumber") == "2"


def test_a_force_goes_on_with_another_worker_when_its_worker_is_stopped(
    client: Client, engine: Engine, start_worker: StartWorker
) -> None:
    graph = Graph().node("P.N30", frozen(), draft())
    for node in range(30):
        graph.node(f"P.N{node}", frozen(*links(f"P.N{node + 1}.1")))
    client.load(graph)
    interfere(engine, "PERFORM pg_sleep(0.05);")
    force = {"nodeReference": "P", "action": "force", "updateContentIndicator": "true"}
    run = accepted(client.post(message("UpdateNodeVersions", force), headers=ASYNC))
    first = start_worker()
    eventually(lambda: shown(client, run)["done"] > 0)
    first.send_signal(signal.SIGTERM)
    first.wait(WITHIN)
    record = eventually(lambda: (found := shown(client, run))["state"] == "queued" and found)
    assert 0 < record["done"] < 30
    stop_interfering(engine)
    start_worker()
    record = eventually(lambda: (found := shown(client, run))["state"] == "done" and found)
    assert (record["done"], record["attempts"]) == (30, 1)
    assert client.update("P").rows() == []


class TestQueue:
    """The tables of the queue are procrastinate's, and have the migrations that the installed one ships."""

    def test_a_new_database_lacks_none(self, engine: Engine) -> None:
        with engine.connect() as connection:
            assert missing_migrations(connection) == []
        assert len(shipped_migrations()) > 30

    def test_an_older_one_gets_those_that_it_lacks(
        self, engine: Engine, database_url: str, relink_on: Callable[[str], Relink]
    ) -> None:
        """From the first release of procrastinate on; the result is what a new database has."""
        relink, fresh = relink_on(database_url), routines_and_tables(engine)
        make_first_queue(engine)
        assert routines_and_tables(engine) != fresh
        result = relink("check")
        assert result.exit_code == 1
        assert "run 'relink migrate'" in result.stdout
        assert relink("worker").exit_code == 1
        assert shipped_migrations()[-1] in relink("migrate").stdout
        assert relink("check").exit_code == 0
        assert routines_and_tables(engine) == fresh
        migrate(engine)
        require_schema(engine)


def routines_and_tables(engine: Engine) -> set[str]:
    query = """
        SELECT oid::regprocedure::text FROM pg_proc WHERE starts_with(proname, 'procrastinate')
        UNION SELECT table_name || '.' || column_name FROM information_schema.columns
        WHERE starts_with(table_name, 'procrastinate')
    """
    with engine.connect() as connection:
        return set(connection.execute(text(query)).scalars())


def make_first_queue(engine: Engine) -> None:
    """Put the tables that the first release of procrastinate made in the place of the present ones."""
    first = shipped_migrations()[0]
    drop = """
        DROP TABLE procrastinate_jobs, procrastinate_periodic_defers, procrastinate_events, procrastinate_workers
          CASCADE;
        DO $$ DECLARE routine regprocedure; BEGIN
          FOR routine IN SELECT oid FROM pg_proc WHERE starts_with(proname, 'procrastinate') LOOP
            EXECUTE 'DROP FUNCTION ' || routine || ' CASCADE';
          END LOOP;
        END $$;
        DROP TYPE procrastinate_job_status, procrastinate_job_event_type, procrastinate_job_to_defer_v1 CASCADE;
    """
    migrations = Path(str(resources.files("procrastinate"))) / "sql" / "migrations"
    with engine.begin() as connection:
        connection.connection.cursor().execute(drop)
        connection.connection.cursor().execute((migrations / f"{first}.sql").read_bytes())
        connection.execute(text("DELETE FROM queue_migration WHERE name <> :first"), {"first": first})
