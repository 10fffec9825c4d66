"""The embedded database when services and commands end or are killed, and services when their database is killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands.conftest import (
    WITH_WORKER,
    Check,
    EmbeddedService,
    Serve,
    checking,
    database_runs,
    kill_database,
    server_of,
)
from tests.commands.test_hanging_database import GET, ask, check_that_it_lives_without
from tests.support.processes import children, runs
from tests.support.served import WITHIN, eventually, is_ready, workers_of


@pytest.mark.ledger("PRO-32")
@pytest.mark.parametrize("keeper_too", [False, True], ids=["server", "server-and-keeper"])
def test_a_database_that_is_killed_is_started_again(
    embedded_service: EmbeddedService, keeper_too: bool, figures: Callable[[str], None]
) -> None:
    eventually(lambda: is_ready(embedded_service.served))
    server = kill_database(embedded_service.directory, keeper_too=keeper_too)
    killed = time.monotonic()
    eventually(lambda: embedded_service.server not in (0, server))
    eventually(lambda: is_ready(embedded_service.served))
    figures(f"the service was ready {time.monotonic() - killed:.1f} s after the kill")


@pytest.mark.ledger("PRO-33")
@pytest.mark.usefixtures("used_directory")
def test_a_killed_service_does_not_stop_the_next_command(
    serve: Serve, check: Check, environment: dict[str, str], data_directory: Path
) -> None:
    """When the command ends, nobody else uses the database. The worker of the service ends by itself."""
    served = serve({**environment, **WITH_WORKER}, "--workers=1")
    assert is_ready(served)
    server = server_of(data_directory)
    (worker,) = eventually(lambda: workers_of(served))
    served.stop(signal.SIGKILL)
    assert check().wait(WITHIN) == 0
    eventually(lambda: not runs(server))
    eventually(lambda: not runs(worker))
    assert not database_runs(data_directory)


@pytest.mark.ledger("PRO-32")
def test_a_worker_that_is_killed_is_started_again(embedded_service: EmbeddedService) -> None:
    (worker,) = eventually(lambda: workers_of(embedded_service.served))
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: workers_of(embedded_service.served) not in ([], [worker]))


@pytest.mark.soak
@pytest.mark.ledger("PRO-33")
def test_a_command_that_is_killed_at_the_first_start_leaves_nothing_in_the_way(
    check: Check, data_directory: Path
) -> None:
    killed = check()
    eventually(lambda: list(data_directory.glob("postgresql.new-*")))
    killed.kill()
    killed.wait()
    assert check().wait(WITHIN) == 0
    assert not database_runs(data_directory)
    assert list(data_directory.glob("postgresql.new-*")) == []


@pytest.mark.ledger("PRO-33")
def test_a_command_leaves_the_database_of_a_service_as_it_is(embedded_service: EmbeddedService) -> None:
    eventually(lambda: is_ready(embedded_service.served))
    server = embedded_service.server
    with checking(embedded_service.directory) as check:
        assert check().wait(WITHIN) == 0
        killed = check()
        killed.kill()
        killed.wait()
    assert embedded_service.server == server
    assert is_ready(embedded_service.served)


@pytest.mark.ledger("PRO-15")
def test_a_service_lives_while_the_server_is_stopped(embedded_service: EmbeddedService) -> None:
    """A server stopped by SIGSTOP keeps all of its sockets open."""
    eventually(lambda: ask(embedded_service.url, GET).number == "105")
    with stopped(embedded_service.server):
        check_that_it_lives_without(embedded_service.url)
    eventually(lambda: ask(embedded_service.url, GET).number == "105")


@contextmanager
def stopped(server: int) -> Iterator[None]:
    """Stop a server with all its processes."""
    processes = [server, *children(server)]
    try:
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)
