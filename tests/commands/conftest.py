"""Commands run in this process against an application that is really served, or as the processes that they are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Thread
from typing import IO

import pytest
import structlog
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import Engine
from werkzeug.serving import WSGIRequestHandler, make_server

from app.cli import main
from app.database import embedded
from app.database.engine import make_engine
from app.identity.users import add_user
from tests.conftest import FreshDatabase, open_directory
from tests.support import libpq
from tests.support.data_directories import copied
from tests.support.dead_runs import leave_dead_run
from tests.support.http import ADMIN, PASSWORD
from tests.support.processes import parent
from tests.support.real_service import Service, serving
from tests.support.served import ROOT, WITHIN, Served, eventually, served
from tests.support.terminal import Terminal, terminal
from tests.support.workers import working

OnTerminal = Callable[..., Terminal]
Worker = subprocess.Popen[bytes]
StartWorker = Callable[..., Worker]
Check = Callable[[], subprocess.Popen[bytes]]
WITH_WORKER = {"RELINK_NO_WORKER": "0"}


@dataclass(frozen=True)
class Relink:
    """Runs `relink` with an environment of `RELINK_` variables."""

    environment: dict[str, str | None]

    def __call__(self, *arguments: str, stdin: str | bytes = "") -> Result:
        return CliRunner().invoke(main, arguments, input=stdin, env=self.environment)

    def with_environment(self, **variables: str) -> Relink:
        return Relink({**self.environment, **variables})


@dataclass(frozen=True)
class RunningCommand:
    """A running command, and where its output goes."""

    process: subprocess.Popen[bytes]
    output: Path

    def shown(self) -> str:
        return self.output.read_text()

    def says(self, words: str) -> bool:
        return words in self.shown()

    def press_ctrl_c(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def ended(self) -> int:
        return self.process.wait(WITHIN)


Start = Callable[..., RunningCommand]


@pytest.fixture(autouse=True)
def signal_handlers() -> Iterator[None]:
    """Restore the signal handlers that `relink serve` replaces when it runs in this process."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


class SilentHandler(WSGIRequestHandler):
    """Serves without printing a line for each request, because tests read what a command prints."""

    def log(self, type: str, message: str, *args: object) -> None:
        pass


@contextmanager
def served_here(app: Flask, log: Path) -> Iterator[str]:
    """Serve an application in this process, at the URL that is returned."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=SilentHandler)
    # Wait for the requests whose clients have gone: they still use connections of the engine of the test.
    server.daemon_threads = False  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    with log.open("w") as file:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(file))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(WITHIN)
        assert not thread.is_alive(), "a request has not ended"
        structlog.reset_defaults()


@pytest.fixture
def service_url(app: Flask, tmp_path: Path) -> Iterator[str]:
    """The URL of the application, served."""
    with served_here(app, tmp_path / "service.log") as url:
        yield url


@pytest.fixture
def at_work(engine: Engine) -> Iterator[None]:
    """A worker in this process, which does queued runs."""
    with working(engine):
        yield


@pytest.fixture
def relink(service_url: str, at_work: None) -> Relink:
    """`relink` as a client of the application, for the user `admin`."""
    environment: dict[str, str | None] = {"RELINK_URL": service_url, "RELINK_USER": ADMIN, "RELINK_PASSWORD": PASSWORD}
    return Relink({**environment, "EDITOR": None, "VISUAL": None})


@pytest.fixture
def on_terminal(service_url: str) -> Iterator[OnTerminal]:
    """Starts `relink` on a terminal of its own, as a client of the application for the user `admin`."""
    variables = {"RELINK_URL": service_url, "RELINK_USER": ADMIN, "RELINK_PASSWORD": PASSWORD}
    with ExitStack() as stack:

        def start(
            *arguments: str, columns: int = 80, output: IO[bytes] | None = None, url: str = service_url
        ) -> Terminal:
            command = [sys.executable, "-W", "ignore", "-m", "app.cli", *arguments]
            environment = {**variables, "RELINK_URL": url}
            return stack.enter_context(terminal(command, environment, columns=columns, output=output))

        yield start


@pytest.fixture
def start(service_url: str, tmp_path: Path) -> Iterator[Start]:
    """Start commands as processes, which are killed at the end if they still run."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, url: str = service_url, user: str = ADMIN) -> RunningCommand:
        variables = {"RELINK_URL": url, "RELINK_USER": user, "RELINK_PASSWORD": PASSWORD}
        output = tmp_path / f"output-{len(started)}"
        with output.open("wb") as file:
            command = [sys.executable, "-W", "ignore", "-m", "app.cli", *arguments]
            process = subprocess.Popen(command, env={**os.environ, **variables}, cwd=ROOT, stdout=file, stderr=file)
        started.append(process)
        return RunningCommand(process, output)

    yield start
    for process in started:
        process.kill()
        process.wait(WITHIN)


@pytest.fixture
def relink_on() -> Callable[[str], Relink]:
    """Make a `relink` for a database by its URL."""
    return lambda url: Relink({"RELINK_DATABASE_URL": url})


@pytest.fixture
def data_directory(data_directory: Path) -> Iterator[Path]:
    """A data directory that does not exist yet. Its database ends with the last process that uses it."""
    yield data_directory / "data"
    embedded.stop(data_directory / "data")
    eventually(lambda: not database_runs(data_directory / "data"))


def database_runs(data_directory: Path) -> bool:
    """Whether the embedded database runs. Removing this file is the last thing that it does."""
    return (data_directory / "postgresql" / "postmaster.pid").exists()


@pytest.fixture(scope="session")
def database_service(fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service on a database server, for tests after which it serves as before.

    It listens on all addresses, was started in an environment that is hostile to libpq, and found a dead run when it
    started: run 1.
    """
    folder = tmp_path_factory.mktemp("served")
    (folder / "uploads").mkdir()
    variables = {**libpq.HOSTILE, "RELINK_UPLOAD_DIR": str(folder / "uploads")}
    with fresh_database(True) as url:
        engine = make_engine(url)
        leave_dead_run(engine)
        engine.dispose()
        with serving(url, folder / "serve.log", "--bind=0.0.0.0:0", **variables) as running:
            yield running


@dataclass(frozen=True)
class EmbeddedService:
    """A service with an embedded database."""

    served: Served
    directory: Path

    @property
    def url(self) -> str:
        return self.served.url

    @property
    def server(self) -> int:
        """The process of the database, or 0 if there is none, or if the file that names it is being written."""
        return server_of(self.directory)


@pytest.fixture(scope="session")
def embedded_service(migrated_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedService]:
    """A service with an embedded database and a worker, for tests after which it serves as before."""
    log = tmp_path_factory.mktemp("served") / "serve.log"
    with open_directory() as parent:
        directory = copied(migrated_directory, parent / "data")
        engine = make_engine(embedded.start(directory))
        with engine.begin() as connection:
            add_user(connection, ADMIN, PASSWORD, admin=True)
        engine.dispose()
        with served({"RELINK_DATA_DIR": str(directory)}, log, "--workers=1") as running:
            embedded.stop(directory)
            yield EmbeddedService(running, directory)
        eventually(lambda: not database_runs(directory))


def server_of(data_directory: Path) -> int:
    """The process of the database, or 0 if there is none, or if the file that names it is being written."""
    try:
        return int((data_directory / "postgresql" / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, IndexError):
        return 0


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path, data_directory: Path) -> Iterator[Serve]:
    """Start `relink serve` on a free port with an environment and options.

    All services are stopped at the end, and after that their database.
    """
    numbers = count(1)
    with ExitStack() as stack:

        def start(environment: dict[str, str], *options: str) -> Served:
            return stack.enter_context(served(environment, tmp_path / f"serve-{next(numbers)}.log", *options))

        yield start


@pytest.fixture
def start_worker(database_url: str, tmp_path: Path) -> Iterator[StartWorker]:
    """Start workers on the database, with options and `RELINK_` variables; they are stopped at the end."""
    with worker_processes(database_url, tmp_path / "worker.log") as start:
        yield start


@contextmanager
def worker_processes(database_url: str, log: Path) -> Iterator[StartWorker]:
    """Start workers on a database; they are stopped at the end."""
    with ExitStack() as stack, log.open("wb") as output:

        def start(*options: str, **variables: str) -> Worker:
            environment = {**os.environ, "RELINK_DATABASE_URL": database_url, "RELINK_LAZY_UPDATE_DELAY": "0"}
            command = [sys.executable, "-W", "ignore", "-m", "app.cli", "worker", *options]
            given = {**environment, **variables}
            return stack.enter_context(
                _ended(subprocess.Popen(command, env=given, cwd=ROOT, stdout=output, stderr=output))
            )

        yield start


@contextmanager
def _ended(process: Worker) -> Iterator[Worker]:
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(WITHIN)


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


def kill_database(data_directory: Path, *, keeper_too: bool) -> int:
    """Kill the server, and return the id that its process had."""
    server = eventually(lambda: server_of(data_directory))
    if keeper_too:
        os.kill(parent(server), signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(server, signal.SIGKILL)
    return server
