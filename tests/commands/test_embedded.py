"""The embedded database under services and commands that end or are killed, and under a service whose database is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.commands.conftest import EmbeddedService, Serve, database_runs, server_of
from tests.commands.test_hanging_database import GET, ask, check_that_it_lives_without
from tests.support.processes import arguments, children, parent, runs
from tests.support.served import ROOT, WITHIN, Served, eventually

Check = Callable[[], subprocess.Popen[bytes]]
WITH_WORKER = {"RELINK_NO_WORKER": "0"}


@pytest.fixture
def environment(data_directory: Path) -> dict[str, str]:
    """The environment of a service without a worker, which would take seconds to start."""
    return {"RELINK_DATA_DIR": str(data_directory), "RELINK_NO_WORKER": "1"}


@contextmanager
def checking(directory: Path) -> Iterator[Check]:
    """Start `relink check` on a data directory."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-W", "ignore", "-m", "app.cli", "check"]
        environment = {**os.environ, "RELINK_DATA_DIR": str(directory)}
        started.append(subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def check(data_directory: Path) -> Iterator[Check]:
    with checking(data_directory) as start:
        yield start


def is_ready(served: Served) -> bool:
    with urlopen(f"{served.url}/healthz") as response:  # noqa: S310 - it is the URL of our own service
        assert response.status == 200
    with suppress(HTTPError), urlopen(f"{served.url}/readyz") as response:  # noqa: S310
        return bool(response.status == 200)
    return False


def workers_of(served: Served) -> list[int]:
    """The processes of `relink worker` that a service has started."""
    return [child for child in children(served.process.pid) if "worker" in arguments(child)]


def kill_database(data_directory: Path, *, keeper_too: bool) -> int:
    """Kill the server, and return the id that its process had."""
    server = server_of(data_directory)
    if keeper_too:
        os.kill(parent(server), signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(server, signal.SIGKILL)
    return server


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


@pytest.mark.usefixtures("used_directory")
def test_a_database_that_a_command_has_started_again_ends_with_the_service(
    serve: Serve, check: Check, environment: dict[str, str], data_directory: Path
) -> None:
    """With Ctrl-C; the service has no worker."""
    served = serve(environment)
    assert is_ready(served)
    assert workers_of(served) == []
    server = kill_database(data_directory, keeper_too=True)
    assert check().wait(WITHIN) == 0
    eventually(lambda: server_of(data_directory) not in (0, server))
    eventually(lambda: is_ready(served))
    assert served.stop(signal.SIGINT) == 0
    assert not database_runs(data_directory)


@pytest.mark.usefixtures("used_directory")
def test_a_killed_service_leaves_a_database_that_the_next_one_uses(
    serve: Serve, environment: dict[str, str], data_directory: Path
) -> None:
    """The next one is killed too: nobody else uses the database, which ends, and so does the worker."""
    serve(environment, "--workers=1").stop(signal.SIGKILL)
    served = serve({**environment, **WITH_WORKER}, "--workers=1")
    assert is_ready(served)
    server = server_of(data_directory)
    (worker,) = eventually(lambda: workers_of(served))
    served.stop(signal.SIGKILL)
    eventually(lambda: not runs(server))
    eventually(lambda: not runs(worker))


def test_a_worker_that_is_killed_is_started_again(embedded_service: EmbeddedService) -> None:
    (worker,) = eventually(lambda: workers_of(embedded_service.served))
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: workers_of(embedded_service.served) not in ([], [worker]))


@pytest.mark.usefixtures("used_directory")
def test_a_database_whose_gunicorn_is_killed_ends_with_the_service(
    serve: Serve, environment: dict[str, str], data_directory: Path
) -> None:
    served = serve({**environment, **WITH_WORKER}, "--workers=1")
    (gunicorn,) = [child for child in children(served.process.pid) if "gunicorn" in arguments(child)]
    os.kill(gunicorn, signal.SIGKILL)
    assert served.process.wait(WITHIN) == 128 + signal.SIGKILL
    assert not database_runs(data_directory)


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


def test_a_command_whose_keeper_is_killed_at_the_first_start_starts_another(check: Check, data_directory: Path) -> None:
    process = check()
    eventually(lambda: list(data_directory.glob("postgresql.new-*")))
    for keeper in keepers_of(data_directory):
        os.kill(keeper, signal.SIGKILL)
    assert process.wait(WITHIN) == 0
    assert not database_runs(data_directory)


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


def test_two_services_share_a_data_directory(
    serve: Serve, check: Check, environment: dict[str, str], data_directory: Path
) -> None:
    """On ports of their own; started at the same time, before there is a database, which ends with the last of them."""
    check()
    first = serve(environment, "--workers=1")
    second = serve({**environment, **WITH_WORKER})
    assert f"Creating the embedded database in {data_directory} ..." in first.log.read_text()
    assert is_ready(first)
    assert first.stop(signal.SIGKILL) == -signal.SIGKILL
    assert is_ready(second)
    (worker,) = eventually(lambda: workers_of(second))
    assert database_runs(data_directory)
    assert second.stop(signal.SIGTERM) == 0
    assert not runs(worker)
    eventually(lambda: not database_runs(data_directory))


def test_a_service_lives_while_the_server_is_stopped(embedded_service: EmbeddedService) -> None:
    """Stopped as SIGSTOP does it: all of its sockets stay open."""
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


def keepers_of(data_directory: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = arguments(int(process.name))
            if str(data_directory) in words and any(word.endswith("keeper.py") for word in words):
                found.append(int(process.name))
    return found
