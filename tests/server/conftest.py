"""One real service, with gunicorn and sockets, for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import FEWEST_THREADS
from tests.conftest import FreshDatabase
from tests.support.real_service import Service, serving

CLIENT_SECONDS = 2


@pytest.fixture(scope="session")
def service(fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service as it is by default, but that a client has two seconds, and that gunicorn logs all that it can."""
    log = tmp_path_factory.mktemp("served") / "serve.log"
    variables = {"RELINK_CLIENT_SECONDS": str(CLIENT_SECONDS), "GUNICORN_CMD_ARGS": "--log-level=debug"}
    with fresh_database(True) as url, serving(url, log, **variables) as running:
        yield running


@pytest.fixture
def small_service(fresh_database: FreshDatabase, tmp_path: Path) -> Iterator[Service]:
    """A service with one process and as few threads as there may be."""
    options = ("--workers=1", f"--threads={FEWEST_THREADS}")
    variables = {"RELINK_CLIENT_SECONDS": str(CLIENT_SECONDS)}
    with fresh_database(True) as url, serving(url, tmp_path / "serve.log", *options, **variables) as running:
        yield running
