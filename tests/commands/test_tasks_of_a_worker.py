"""The tasks of `relink worker`: work that waits when it starts, and work that comes later.

One worker sends no messages, another one does; each does all of its tasks on a store of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.application import create_app
from app.database.engine import make_engine
from app.runs.queued import read_workers
from app.settings import Settings
from tests.commands.conftest import StartWorker, Worker, worker_processes
from tests.conftest import FreshDatabase
from tests.services.test_expiring_authentications import after, messages, set_expiry
from tests.support.builders import Graph, draft, frozen, links
from tests.support.dead_runs import is_closed, leave_dead_run
from tests.support.http import SECRET_KEY, Client, message
from tests.support.moves import announced, moved, to_be_moved
from tests.support.receiver import SECRET, Receiver, receiver
from tests.support.served import eventually
from tests.support.solution_store import Store, config_slot
from tests.support.workers import ASYNC, accepted, shown

FORCE = {"nodeReference": "P", "action": "force", "updateContentIndicator": "true"}


@dataclass(frozen=True)
class Workplace:
    """A store, and how workers are started on it."""

    client: Client
    engine: Engine
    start: StartWorker

    @property
    def store(self) -> Store:
        return Store(self.client)


@contextmanager
def workplace(fresh_database: FreshDatabase, log: Path) -> Iterator[Workplace]:
    with fresh_database(True) as url, worker_processes(url, log) as start:
        engine = make_engine(url, pool_size=10)
        yield Workplace(Client(create_app(Settings(secret_key=SECRET_KEY), engine)), engine, start)
        engine.dispose()


@dataclass(frozen=True)
class Quiet(Workplace):
    """A store on which a worker that sends no messages found this run."""

    queued: int


@pytest.fixture(scope="module")
def quiet(fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quiet]:
    """The worker finds a run that is dead, two old messages, one of them sent, and a run that waits."""
    with workplace(fresh_database, tmp_path_factory.mktemp("worker") / "log") as place:
        leave_dead_run(place.engine)
        announced(place.store)
        announced(place.store)
        with place.engine.begin() as connection:
            done = "sent_at = CASE WHEN message_identifier = (SELECT min(message_identifier::text)::uuid FROM outbox)"
            when = "now() - interval '8 days'"
            connection.execute(text(f"UPDATE outbox SET created_at = {when}, {done} THEN {when} END"))
        place.client.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
        queued = accepted(place.client.post(message("UpdateNodeVersions", FORCE), headers=ASYNC))
        place.start(RELINK_RUN_RETENTION_DAYS="30")
        yield Quiet(place.client, place.engine, place.start, queued)


@pytest.mark.ledger("DEC-163")
def test_a_queued_force_is_done_at_once_by_a_worker_that_waits(quiet: Quiet) -> None:
    eventually(lambda: shown(quiet.client, quiet.queued)["state"] == "done")
    with quiet.engine.connect() as connection:
        assert read_workers(connection).alive == 1
    latest = message("UpdateNodeVersions", {**FORCE, "sourceScope": "latest"})
    later = accepted(quiet.client.post(latest, headers=ASYNC))
    eventually(lambda: shown(quiet.client, later)["state"] == "done")
    assert quiet.client.get("P.A").text("nodeVersionNumber") == "2"


@pytest.mark.ledger("DEC-28")
def test_dead_runs_are_closed_and_old_ones_deleted(quiet: Quiet) -> None:
    """The dead run is the first of the store."""
    eventually(lambda: is_closed(quiet.engine))
    eventually(lambda: shown(quiet.client, quiet.queued)["state"] == "done")
    days = "CASE run_identifier WHEN 1 THEN 31 ELSE 29 END"
    with quiet.engine.begin() as connection:
        connection.execute(text(f"UPDATE run SET finished_at = now() - make_interval(days => {days})"))
    with quiet.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        query = text("SELECT run_identifier FROM run ORDER BY 1")
        eventually(lambda: connection.execute(query).scalars().first() == quiet.queued)


@pytest.mark.ledger("DEC-112")
def test_old_messages_are_deleted_even_if_none_are_sent(quiet: Quiet) -> None:
    with quiet.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        query = text("SELECT given_up_at IS NOT NULL FROM outbox")
        eventually(lambda: connection.execute(query).scalars().all() == [True])


@dataclass(frozen=True)
class Sending(Workplace):
    """A store on which a worker that sends messages found these authentications."""

    receiving: Receiver
    worker: Worker
    expired: str
    soon: str
    later: str

    @property
    def about(self) -> list[str]:
        """The subjects of the messages that the receiver got."""
        return [found.get("solutionInstanceId") or found["authId"] for found in self.receiving.messages]


@pytest.fixture(scope="module")
def sending(fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sending]:
    """The receiver refuses the first message of the worker; the worker finds one authentication of each kind."""
    with workplace(fresh_database, tmp_path_factory.mktemp("worker") / "log") as place, receiver() as receiving:
        receiving.statuses = [500]
        expired = place.store.authentication(None, expires="2020-01-01T00:00:00Z")
        soon = place.store.authentication(None, expires=after(days=6.9))
        later = place.store.authentication(None, expires=after(days=8))
        worker = place.start(RELINK_WEBHOOK_URL=receiving.url, RELINK_WEBHOOK_SECRET=SECRET)
        eventually(lambda: receiving.messages)
        yield Sending(place.client, place.engine, place.start, receiving, worker, expired, soon, later)


@pytest.mark.ledger("UVU-26", "DEC-274")
def test_messages_are_sent_and_one_that_was_refused_is_sent_again(sending: Sending) -> None:
    solution = sending.store.published()
    instances = {sending.store.instance(solution), sending.store.instance(solution)}
    sending.store.republish(solution, config=[config_slot("a")])
    eventually(lambda: {*instances, sending.expired} <= set(sending.about))
    refused = sending.receiving.messages[0]["id"]
    eventually(lambda: [found["id"] for found in sending.receiving.messages].count(refused) == 2)
    assert [sending.about.count(instance) for instance in instances] == [1, 1]


@pytest.mark.ledger("DEC-274")
def test_what_expires_within_seven_days_is_announced_once(sending: Sending) -> None:
    eventually(lambda: sending.soon in sending.about)
    assert sending.later not in sending.about
    set_expiry(sending.store, sending.later, after(days=6.8))
    # The worker that starts next looks for expiries as if ten minutes had passed.
    with sending.engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_periodic_defers WHERE task_name = 'announce_expiries'"))
    sending.start(RELINK_WEBHOOK_URL=sending.receiving.url, RELINK_WEBHOOK_SECRET=SECRET)
    eventually(lambda: sending.later in sending.about)
    announced_once = sorted(found["authId"] for found in messages(sending.engine))
    assert announced_once == sorted([sending.expired, sending.soon, sending.later])


def test_a_worker_continues_after_its_connections_are_lost(sending: Sending) -> None:
    before = moved(sending.engine)
    to_be_moved(sending.store, sending.engine, 1)
    eventually(lambda: moved(sending.engine) == before + 1)
    with sending.engine.connect() as connection:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
    sending.engine.dispose()
    to_be_moved(sending.store, sending.engine, 1)
    eventually(lambda: moved(sending.engine) == before + 2)
    solution = sending.store.published()
    instance = sending.store.instance(solution)
    sending.store.republish(solution, config=[config_slot("a")])
    eventually(lambda: instance in sending.about)
    assert sending.worker.poll() is None
