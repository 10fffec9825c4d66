"""Forces that are killed at random moments: every node is old or new, and a repeated force ends as an undisturbed one.

`make test` kills the database server. `make soak` kills it more often, and kills web processes, database sessions and
workers too.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from app.application import create_app
from app.database import embedded
from app.database.engine import make_engine
from app.settings import Settings
from tests.commands.conftest import EmbeddedService, StartWorker
from tests.support.chance import seeded
from tests.support.http import SECRET_KEY, Client
from tests.support.kills import Battlefield, kill_web_processes, terminate_backend
from tests.support.real_service import Service
from tests.support.served import eventually

KILLS = int(os.environ.get("RELINK_TEST_KILLS", "10"))


@pytest.mark.soak
@pytest.mark.ledger("PRO-2")
def test_kills_of_web_processes_and_of_database_sessions(
    database_service: Service, figures: Callable[[str], None]
) -> None:
    engine = database_service.engine
    field = Battlefield(database_service.url, database_service.client, engine, eventually, seeded())
    with field.prepared():
        for _ in range(part(3)):
            field.kill_a_force(lambda _: kill_web_processes(database_service.served.process.pid))
        figures(field.figure)
        assert field.interrupted
        field.interrupted = 0
        for _ in range(part(5)):
            field.kill_a_force(lambda run: terminate_backend(engine, run))
        figures(field.figure)
        assert field.interrupted


@pytest.mark.soak
@pytest.mark.ledger("DEC-166", "PRO-2")
def test_kills_of_workers(
    client: Client, engine: Engine, start_worker: StartWorker, figures: Callable[[str], None]
) -> None:
    field = Battlefield("", client, engine, eventually, seeded())
    field.prepare()
    workers = [start_worker()]

    def kill(_: int) -> None:
        workers[-1].kill()
        workers[-1].wait()
        workers.append(start_worker())

    for _ in range(part(1)):
        field.kill_a_queued_force(kill)
    for _ in range(part(1)):
        field.kill_a_queued_force(lambda run: terminate_backend(engine, run))
    figures(field.figure)
    assert field.interrupted


@pytest.mark.ledger("PRO-2")
def test_kills_of_the_database_server(embedded_service: EmbeddedService, figures: Callable[[str], None]) -> None:
    directory = embedded_service.directory
    engine = make_engine(embedded.start(directory), pool_size=5)

    def kill(_: int) -> None:
        os.kill(eventually(lambda: embedded_service.server), signal.SIGKILL)

    def restored() -> None:
        engine.dispose()
        embedded.start(directory)

    client = Client(create_app(Settings(secret_key=SECRET_KEY), engine))
    field = Battlefield(embedded_service.url, client, engine, eventually, seeded(), restored)
    with field.prepared():
        for _ in range(part(2)):
            field.kill_a_force(kill)
        for _ in range(part(1) - 1):  # with `make soak`: a worker takes its time before it tries a lost database again
            field.kill_a_queued_force(kill)
        figures(field.figure)
        assert field.interrupted
    engine.dispose()
    embedded.stop(directory)


def part(of_ten: int) -> int:
    """The share of one kind in all kills."""
    return max(1, KILLS * of_ten // 10)
