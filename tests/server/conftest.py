"""Real services, with gunicorn and sockets, for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.settings import FEWEST_THREADS
from tests.conftest import FreshDatabase
from tests.support.real_service import Service, new_process, serving

CLIENT_SECONDS = 2
_SMALL = ("--workers=1", f"--threads={FEWEST_THREADS}")


@pytest.fixture(scope="session")
def service(fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with default settings, except that a client has two seconds, and that gunicorn logs all it can."""
    log = tmp_path_factory.mktemp("served") / "serve.log"
    variables = {"RELINK_CLIENT_SECONDS": str(CLIENT_SECONDS), "GUNICORN_CMD_ARGS": "--log-level=debug"}
    with fresh_database(True) as url, serving(url, log, **variables) as running:
        yield running


@pytest.fixture(scope="session")
def shared_small_service(fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with one process and as few threads as there may be, which trusts a proxy.

    It is for tests that start a new process of it, or need none.
    """
    log = tmp_path_factory.mktemp("served") / "serve.log"
    variables = {"RELINK_CLIENT_SECONDS": str(CLIENT_SECONDS), "RELINK_TRUSTED_PROXIES": "1"}
    with fresh_database(True) as url, serving(url, log, *_SMALL, **variables) as running:
        yield running


@pytest.fixture
def small_process(shared_small_service: Service) -> int:
    """The process of `shared_small_service`, which is a new one for each test."""
    return new_process(shared_small_service)


@pytest.fixture(scope="session")
def patient_service(fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with one process, for which no client is too slow."""
    log = tmp_path_factory.mktemp("served") / "serve.log"
    with fresh_database(True) as url, serving(url, log, "--workers=1", RELINK_CLIENT_SECONDS="3600") as running:
        yield running


@pytest.fixture
def patient_process(patient_service: Service) -> int:
    """The process of `patient_service`, which is a new one for each test."""
    return new_process(patient_service)
