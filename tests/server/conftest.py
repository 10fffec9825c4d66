"""One real service, with gunicorn and sockets, for all tests of a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.database.engine import make_engine
from app.identity.users import add_user
from app.settings import FEWEST_THREADS
from tests.support.http import ADMIN, PASSWORD, SECRET_KEY
from tests.support.raw import BASIC, RawReply, exchange, request
from tests.support.served import Served, served

CLIENT_SECONDS = 2


@dataclass(frozen=True)
class Service:
    """A running service and its database."""

    served: Served
    engine: Engine

    @property
    def url(self) -> str:
        return self.served.url

    def post(self, body: str, path: str = "/service") -> RawReply:
        """POST as the user who may do everything."""
        return exchange(self.url, request(path, body.encode(), Authorization=BASIC))

    def log(self) -> str:
        """What the service has written so far."""
        return self.served.log.read_text()


@pytest.fixture(scope="session")
def service(
    fresh_database: Callable[[], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The service as it is by default, but that a client has two seconds."""
    with fresh_database() as url, serving(url, tmp_path_factory.mktemp("served") / "serve.log") as running:
        yield running


@pytest.fixture
def small_service(database_url: str, tmp_path: Path) -> Iterator[Service]:
    """A service with one process and as few threads as there may be."""
    with serving(database_url, tmp_path / "serve.log", "--workers=1", f"--threads={FEWEST_THREADS}") as running:
        yield running


@contextmanager
def serving(url: str, log: Path, *options: str) -> Iterator[Service]:
    """Serve a database, with a user `admin` who may do everything."""
    engine = make_engine(url, pool_size=10)
    with engine.begin() as connection:
        add_user(connection, ADMIN, PASSWORD, admin=True)
    environment = {
        "RELINK_DATABASE_URL": url,
        "RELINK_SECRET_KEY": SECRET_KEY,
        "RELINK_CLIENT_SECONDS": str(CLIENT_SECONDS),
    }
    with served(environment, log, *options) as running:
        yield Service(running, engine)
    engine.dispose()
