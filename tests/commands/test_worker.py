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
from app.solutions.rollout.lazy_updates import BATCH
from tests.commands.conftest import Relink, StartWorker
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import Client, message
from tests.support.moves import (
    announced,
    moved,
    moves_made,
    moves_stopped,
    record_moves,
    to_be_moved,
)
from tests.support.receiver import SECRET, receiver
from tests.support.served import WITHIN, eventually
from tests.support.solution_store import Store
from tests.support.workers import ASYNC, accepted, shown

MANY = int(os.environ.get("RELINK_TEST_INSTANCES", "450"))
MANY_WITHIN = 600
"""Two workers need some 30 s for 10,000 on two idle cores."""
SOME = BATCH + 50
THREE_BATCHES = 2 * BATCH + 1

FORCE = {"nodeReference": "P", "action": "force", "updateContentIndicator": "true"}


@pytest.mark.soak
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


@pytest.mark.ledger("DEC-355")
def test_a_signal_ends_it_after_the_present_instance_and_node_and_the_next_one_goes_on(
    store: Store, client: Client, engine: Engine, start_worker: StartWorker
) -> None:
    record_moves(engine)
    to_be_moved(store, engine, SOME)
    graph = Graph().node("P.N30", frozen(), draft())
    for node in range(30):
        graph.node(f"P.N{node}", frozen(*links(f"P.N{node + 1}.1")))
    client.load(graph)
    run = accepted(client.post(message("UpdateNodeVersions", FORCE), headers=ASYNC))
    with engine.connect() as holder, moves_stopped(engine, after=20):
        holder.execute(text("SELECT FROM node WHERE node_reference = 'P.N10' FOR UPDATE"))
        worker = start_worker()
        eventually(lambda: moved(engine) == 20)
        eventually(lambda: shown(client, run)["done"] == 19)
        worker.send_signal(signal.SIGTERM)
        eventually(lambda: is_asked_to_end(engine, run))
        holder.rollback()
    assert worker.wait(WITHIN) == 0
    assert in_the_queue(engine) == (0, 0)
    assert moved(engine) == len(moves_made(engine)) < SOME
    record = shown(client, run)
    assert record["state"] == "queued"
    assert 0 < record["done"] < 30
    worker = start_worker()
    eventually(lambda: moved(engine) == SOME)
    assert len(moves_made(engine)) == SOME
    record = eventually(lambda: (found := shown(client, run))["state"] == "done" and found)
    assert (record["done"], record["attempts"]) == (30, 1)
    assert client.update("P").rows() == []
    worker.send_signal(signal.SIGHUP)
    assert worker.wait(WITHIN) == 0
    assert in_the_queue(engine) == (0, 0)


def is_asked_to_end(engine: Engine, run: int) -> bool:
    with engine.connect() as connection:
        query = text("SELECT cancel_requested FROM run WHERE run_identifier = :run")
        return bool(connection.execute(query, {"run": run}).scalar_one())


def in_the_queue(engine: Engine) -> tuple[int, int]:
    """Return how many workers there are, and how many jobs are being done."""
    query = "SELECT (SELECT count(*) FROM procrastinate_workers), count(*) FILTER (WHERE status = 'doing')"
    with engine.connect() as connection:
        return tuple(connection.execute(text(f"{query} FROM procrastinate_jobs")).one())


@pytest.mark.ledger("DEC-113")
def test_instances_move_while_a_message_is_being_sent(store: Store, engine: Engine, start_worker: StartWorker) -> None:
    """The receiver responds after further sweeps, still at the first attempt."""
    to_be_moved(store, engine, THREE_BATCHES)
    with receiver() as receiving:
        receiving.responding.clear()
        with moves_stopped(engine, after=1):
            start_worker("--concurrency", "1", RELINK_WEBHOOK_URL=receiving.url, RELINK_WEBHOOK_SECRET=SECRET)
            eventually(lambda: moved(engine) == 1)
            announced(store)
            eventually(lambda: receiving.messages)
        eventually(lambda: moved(engine) == THREE_BATCHES)
        receiving.responding.set()
        with engine.connect() as connection:
            query = text("SELECT attempts FROM outbox WHERE sent_at IS NOT NULL")
            assert eventually(lambda: connection.execute(query).scalars().all()) == [1]
    assert len(receiving.messages) == 1


def test_a_webhook_without_a_secret_is_refused(relink_on: Callable[[str], Relink], database_url: str) -> None:
    relink = relink_on(database_url).with_environment(RELINK_WEBHOOK_URL="https://example.com/")
    result = relink("worker")
    assert result.exit_code == 1
    assert "RELINK_WEBHOOK_SECRET" in result.stderr


def test_a_database_that_is_behind_is_refused(relink_on: Callable[[str], Relink], empty_database_url: str) -> None:
    result = relink_on(empty_database_url)("worker")
    assert result.exit_code == 1
    assert "run 'relink migrate'" in result.stderr


class TestQueue:
    """The tables of the queue are procrastinate's, and have the migrations that the installed one ships."""

    def test_a_new_database_lacks_no_migration_of_the_queue(self, engine: Engine) -> None:
        with engine.connect() as connection:
            assert missing_migrations(connection) == []
        assert len(shipped_migrations()) > 30

    def test_an_older_queue_gets_the_migrations_that_it_lacks(
        self, engine: Engine, database_url: str, relink_on: Callable[[str], Relink]
    ) -> None:
        """The migrations of all releases of procrastinate lead to the tables of a new database."""
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
    """Replace the present tables with those of the first release of procrastinate."""
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
