"""The embedded database under commands that are killed, and under a service whose database is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.commands.conftest import Serve, database_runs
from tests.support.processes import arguments, children, parent, runs
from tests.support.served import ROOT, WITHIN, Served, eventually

Check = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def environment(data_directory: Path) -> dict[str, str]:
    """The environment of a service without a worker, which would take seconds to start."""
    return {"RELINK_DATA_DIR": str(data_directory), "RELINK_NO_WORKER": "1"}


@pytest.fixture
def check(environment: dict[str, str]) -> Iterator[Check]:
    """Start `relink check`."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-W", "ignore", "-m", "app.cli", "check"]
        process = subprocess.Popen(command, env={**os.environ, **environment}, cwd=ROOT, stdout=subprocess.DEVNULL)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def server_of(data_directory: Path) -> int:
    """The process of the database, or 0 if there is none, or if the file that names it is being written."""
    try:
        return int((data_directory / "postgresql" / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, IndexError):
        return 0


def is_ready(served: Served) -> bool:
    with urlopen(f"{served.url}/healthz") as response:  # noqa: S310 - it is the URL of our own service
        assert response.status == 200
    with suppress(HTTPError), urlopen(f"{served.url}/readyz") as response:  # noqa: S310
        return bool(response.status == 200)
    return False


@pytest.mark.usefixtures("used_directory")
@pytest.mark.parametrize(
    ("keeper_too", "by_command"),
    [(False, False), (True, False), (True, True)],
    ids=["server", "server-and-keeper", "by-a-command"],
)
def test_a_database_that_is_killed_is_started_again(
    serve: Serve,
    check: Check,
    environment: dict[str, str],
    data_directory: Path,
    keeper_too: bool,
    by_command: bool,
    figures: Callable[[str], None],
) -> None:
    """By the service, or by a command that comes first: it ends with the service all the same."""
    served = serve(environment)
    assert is_ready(served)
    server = server_of(data_directory)
    if keeper_too:
        os.kill(parent(server), signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(server, signal.SIGKILL)
    killed = time.monotonic()
    if by_command:
        assert check().wait(WITHIN) == 0
    eventually(lambda: server_of(data_directory) not in (0, server))
    eventually(lambda: is_ready(served))
    figures(f"the service was ready {time.monotonic() - killed:.1f} s after the kill")
    assert served.stop() == 0
    assert not database_runs(data_directory)


@pytest.mark.usefixtures("used_directory")
def test_a_database_whose_service_is_killed_ends(
    serve: Serve, environment: dict[str, str], data_directory: Path
) -> None:
    served = serve(environment)
    server = server_of(data_directory)
    served.stop(signal.SIGKILL)
    eventually(lambda: not runs(server))


@pytest.mark.usefixtures("used_directory")
def test_a_database_whose_gunicorn_is_killed_ends_with_the_service(
    serve: Serve, environment: dict[str, str], data_directory: Path
) -> None:
    served = serve({**environment, "RELINK_NO_WORKER": "0"})
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


@pytest.mark.usefixtures("used_directory")
def test_a_command_leaves_the_database_of_a_service_as_it_is(
    serve: Serve, check: Check, environment: dict[str, str], data_directory: Path
) -> None:
    served = serve(environment)
    server = server_of(data_directory)
    assert check().wait(WITHIN) == 0
    killed = check()
    killed.kill()
    killed.wait()
    assert server_of(data_directory) == server
    assert is_ready(served)


def test_two_services_share_a_data_directory(
    serve: Serve, check: Check, environment: dict[str, str], data_directory: Path
) -> None:
    """On ports of their own; started at the same time, before there is a database."""
    check()
    first = serve(environment)
    second = serve(environment)
    assert is_ready(first)
    assert first.stop(signal.SIGKILL) == -signal.SIGKILL
    assert is_ready(second)
    assert second.stop() == 0
    eventually(lambda: not database_runs(data_directory))


def keepers_of(data_directory: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = arguments(int(process.name))
            if str(data_directory) in words and any(word.endswith("keeper.py") for word in words):
                found.append(int(process.name))
    return found
