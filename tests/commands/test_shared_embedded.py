"""The embedded database under several services and commands, of which some end or are killed."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.commands.conftest import (
    WITH_WORKER,
    Check,
    Serve,
    database_runs,
    kill_database,
    server_of,
)
from tests.support.processes import arguments, children, runs
from tests.support.served import WITHIN, eventually, is_ready, workers_of

pytestmark = pytest.mark.soak


@pytest.mark.ledger("PRO-33")
@pytest.mark.usefixtures("used_directory")
def test_a_database_that_a_command_has_started_again_ends_with_the_service(
    serve: Serve, check: Check, environment: dict[str, str], data_directory: Path
) -> None:
    """The command is stopped with Ctrl-C. The service has no worker."""
    served = serve(environment)
    assert is_ready(served)
    assert workers_of(served) == []
    server = kill_database(data_directory, keeper_too=True)
    assert check().wait(WITHIN) == 0
    eventually(lambda: server_of(data_directory) not in (0, server))
    eventually(lambda: is_ready(served))
    assert served.stop(signal.SIGINT) == 0
    assert not database_runs(data_directory)


@pytest.mark.ledger("PRO-33")
@pytest.mark.usefixtures("used_directory")
def test_a_database_whose_gunicorn_is_killed_ends_with_the_service(
    serve: Serve, environment: dict[str, str], data_directory: Path
) -> None:
    served = serve({**environment, **WITH_WORKER}, "--workers=1")
    (gunicorn,) = [child for child in children(served.process.pid) if "gunicorn" in arguments(child)]
    os.kill(gunicorn, signal.SIGKILL)
    assert served.process.wait(WITHIN) == 128 + signal.SIGKILL
    assert not database_runs(data_directory)


@pytest.mark.ledger("PRO-33")
def test_a_command_whose_keeper_is_killed_at_the_first_start_starts_another(check: Check, data_directory: Path) -> None:
    process = check()
    eventually(lambda: list(data_directory.glob("postgresql.new-*")))
    for keeper in keepers_of(data_directory):
        os.kill(keeper, signal.SIGKILL)
    assert process.wait(WITHIN) == 0
    assert not database_runs(data_directory)


@pytest.mark.ledger("PRO-33")
def test_two_services_share_a_data_directory(
    serve: Serve, check: Check, environment: dict[str, str], data_directory: Path
) -> None:
    """The services have different ports and start before there is a database, which ends with the last of them."""
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


def keepers_of(data_directory: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = arguments(int(process.name))
            if str(data_directory) in words and any(word.endswith("keeper.py") for word in words):
                found.append(int(process.name))
    return found
