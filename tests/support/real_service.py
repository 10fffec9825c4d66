"""A real service, with gunicorn and sockets, on a database of a test."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from app.application import create_app
from app.database.engine import make_engine
from app.settings import Settings
from tests.support.http import SECRET_KEY, Client
from tests.support.processes import children
from tests.support.raw import BASIC, RawReply, exchange, request
from tests.support.served import Served, eventually, served


@dataclass(frozen=True)
class Service:
    """A running service and its database."""

    served: Served
    engine: Engine

    @property
    def url(self) -> str:
        return self.served.url

    @property
    def database_url(self) -> str:
        return self.engine.url.render_as_string(hide_password=False)

    @property
    def client(self) -> Client:
        """A client of the same store in this process."""
        return Client(create_app(Settings(secret_key=SECRET_KEY), self.engine))

    def post(self, body: str | bytes, path: str = "/service") -> RawReply:
        """POST as the user who may do everything."""
        data = body.encode() if isinstance(body, str) else body
        return exchange(self.url, request(path, data, Authorization=BASIC))

    def log(self) -> str:
        """What the service has written so far."""
        return self.served.log.read_text()


@contextmanager
def serving(url: str, log: Path, *options: str, **variables: str) -> Iterator[Service]:
    """Serve a database that has the user `admin`, with options and `RELINK_` variables."""
    engine = make_engine(url, pool_size=10)
    environment = {"RELINK_DATABASE_URL": url, "RELINK_SECRET_KEY": SECRET_KEY, **variables}
    with served(environment, log, *options) as running:
        yield Service(running, engine)
    engine.dispose()


def web_processes(service: Service) -> list[int]:
    """Return the numbers of the web processes of a service."""
    [gunicorn] = children(service.served.process.pid)
    return children(gunicorn)


def new_process(service: Service) -> int:
    """Kill the one web process of a service that several tests use, and return the one that gunicorn starts instead.

    It has no memory and no connection of an earlier test.
    """
    before = web_processes(service)
    for process in before:
        os.kill(process, signal.SIGKILL)
    [process] = eventually(lambda: [each for each in web_processes(service) if each not in before])
    assert exchange(service.url, request("/readyz", method="GET")).status == 200
    return process
