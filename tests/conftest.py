"""A database of its own for every test, copied from a migrated template."""

from __future__ import annotations

import copy
import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
import structlog
from argon2 import PasswordHasher, Type
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine

from app import application
from app.application import create_app
from app.database import embedded
from app.database.engine import make_engine
from app.database.migrate import migrate
from app.identity import passwords
from app.identity.rights import Caller
from app.identity.users import add_user
from app.nodes.permissions import create_permission
from app.settings import Settings
from tests.support.databases import Databases, empty_database, engine_on, execute, url_of
from tests.support.http import ADMIN, PASSWORD, SECRET_KEY, Client
from tests.support.kept_imports import LOOKING_AT_IMPORTS, keeping
from tests.support.round_trips import RoundTrips
from tests.support.soak import RUNS_LONG_TESTS
from tests.support.solution_store import Store
from tests.support.statements import Statements

pytest_plugins = [
    f"tests.support.{name}" for name in ("browsers", "data_directories", "figures", "long_tests", "shared_files")
]
collect_ignore = [] if RUNS_LONG_TESTS else ["soak"]
"""Tests that only `make soak` runs, like those that are marked `soak` elsewhere."""

_TEMPLATE = f"relink_template_{os.getpid()}"
_MEMORY = Path("/dev/shm")  # noqa: S108 - a directory with a random name is made in it
_LEAST_MEMORY = 2 * 1024**3
_MOST_WAL = "256MB"
_LINES = (structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str))


def directory_in_memory() -> Path | None:
    """The root of a file system in memory with room for the server of a session; None if there is none.

    Each import creates and removes a hundred small files for temporary tables, which a file system on disk makes slow.
    """
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _LEAST_MEMORY:
        return _MEMORY
    return None


@contextmanager
def open_directory(parent: Path | None = None) -> Iterator[Path]:
    """A temporary directory that other users can reach, as the embedded server needs it when root starts it.

    Not one of pytest's own: each session of pytest closes the directory above those of all sessions.
    """
    directory = Path(tempfile.mkdtemp(prefix="relink-test-", dir=parent))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


# Collecting the tests makes next to no garbage, and a tenth of its time would go into looking for some.
gc.disable()

# A shell that starts the tests in the background ignores SIGINT for them and for all processes that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# `nohup` ignores SIGHUP for them. A handler that does nothing is the same for the tests, and is not inherited.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Two processes for each core with `-n auto`, since many tests wait for a deadline, a browser or a service.

    xdist decides if this returns None.
    """
    if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS"):
        return None
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(2, cores * 2)


def pytest_collection_finish() -> None:
    """Exclude the objects that all tests share from garbage collections, which each import makes."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Collect garbage while tests run, also in the process that only distributes them."""
    gc.enable()


@pytest.fixture(scope="module", autouse=True)
def survivors() -> Iterator[None]:
    """Exclude the objects that a module leaves for later ones, such as compiled schemas, from garbage collections."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def data_directory() -> Iterator[Path]:
    """A data directory for an embedded database of a test's own."""
    with open_directory() as directory:
        yield directory


@pytest.fixture(scope="session", autouse=True)
def developers_server() -> Iterator[str | None]:
    """The server that `RELINK_DATABASE_URL` names, if any. No setting of the developer's reaches a test."""
    with pytest.MonkeyPatch.context() as patch:
        given = os.environ.get("RELINK_DATABASE_URL") or None
        for name in list(os.environ):
            if name.startswith("RELINK_") and not name.startswith("RELINK_TEST_"):
                patch.delenv(name)
        yield given


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[PasswordHasher]:
    """Hashes of the passwords that tests set take next to no time. A hash names its parameters.

    Yields the hasher of the application.
    """
    with pytest.MonkeyPatch.context() as patch:
        usual = passwords._HASHER
        patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, type=Type.ID))
        yield usual


@pytest.fixture
def usual_hashes(quick_hashes: PasswordHasher) -> Iterator[None]:
    """Hashes are those of the application."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", quick_hashes)
        passwords._dummy_hash.cache_clear()
        yield
    passwords._dummy_hash.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def endpoints() -> Iterator[None]:
    """Let the applications of tests share their endpoints, which take a twentieth of a second to make."""
    made = application._with_endpoints()

    def copied() -> Flask:
        app = copy.copy(made)
        app.config, app.extensions = copy.copy(made.config), dict(made.extensions)
        return app

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application, "_with_endpoints", copied)
        yield


@pytest.fixture(autouse=True)
def imports(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep the imports with which tests begin for other tests. `make soak` does each import."""
    looking = "import" in request.node.nodeid or LOOKING_AT_IMPORTS & set(request.fixturenames)
    with nullcontext() if looking or RUNS_LONG_TESTS else keeping():
        yield


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    """Resets logging to its defaults, because a test may change it.

    Only the format differs: coloured columns, and tracebacks with all local variables, take longer than many tests.
    """
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], *_LINES])
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def server_url(developers_server: str | None) -> Iterator[str]:
    """The developer's server, or an embedded one for this session."""
    if developers_server is not None:
        yield developers_server
        return
    with open_directory(directory_in_memory()) as directory:
        url = embedded.start(directory)
        # Nothing here has to outlive the machine, and hundreds of databases are made.
        for setting in ("fsync = off", "autovacuum = off", "full_page_writes = off", f"max_wal_size = '{_MOST_WAL}'"):
            execute(url, f"ALTER SYSTEM SET {setting}")
        execute(url, "SELECT pg_reload_conf()")
        yield url
        embedded.stop(directory)


@pytest.fixture(scope="session", autouse=True)
def compiled_pages(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[None]:
    """Compile the templates of pages once for all applications of all processes."""
    own = tmp_path_factory.getbasetemp()
    directory = (own if worker_id == "master" else own.parent) / "pages"
    directory.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        kept = {"bytecode_cache": FileSystemBytecodeCache(str(directory))}
        patch.setattr(Flask, "jinja_options", {**Flask.jinja_options, **kept})
        yield


@dataclass(frozen=True)
class Templates:
    """The names of two migrated databases: an empty one, and one that has a user `admin`, who may do everything."""

    empty: str
    with_admin: str


@pytest.fixture(scope="session")
def templates(server_url: str, quick_hashes: PasswordHasher) -> Iterator[Templates]:
    """The databases that those of the tests are copies of."""
    made = Templates(f"{_TEMPLATE}_empty", f"{_TEMPLATE}_with_admin")
    execute(server_url, f"CREATE DATABASE {made.empty}")
    engine = make_engine(url_of(server_url, made.empty))
    migrate(engine)
    engine.dispose()
    execute(server_url, f"CREATE DATABASE {made.with_admin} TEMPLATE {made.empty}")
    engine = make_engine(url_of(server_url, made.with_admin))
    with engine.begin() as connection:
        add_user(connection, ADMIN, PASSWORD, admin=True)
    engine.dispose()
    yield made
    for name in (made.empty, made.with_admin):
        execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


class FreshDatabase(Protocol):
    """Lends a fresh database, with a user `admin` or without, as long as the context lasts."""

    def __call__(self, with_admin: bool, /, *, connected: bool = False) -> AbstractContextManager[str]:
        """Return a context with the URL of the database; `connected` allows the use of `engine_on`."""


@pytest.fixture(scope="session")
def fresh_database(server_url: str, templates: Templates) -> Iterator[FreshDatabase]:
    """Lends fresh databases."""
    empty = Databases(server_url, templates.empty)
    with_admin = Databases(server_url, templates.with_admin)
    yield lambda wanted, *, connected=False: (with_admin if wanted else empty).fresh(connected=connected)
    empty.close()
    with_admin.close()


@pytest.fixture
def database_url(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> Iterator[str]:
    """The URL of a fresh database. It has a user `admin` if the test uses the application.

    A copied user saves each test the time of hashing a password.
    """
    names = request.fixturenames
    with fresh_database("app" in names, connected="engine" in names) as url:
        yield url


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """The URL of a database without any migration."""
    with empty_database(server_url) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a fresh database."""
    with engine_on(database_url) as engine:
        yield engine


@pytest.fixture
def statements(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Statements:
    """Record the statements that are sent to the test's database."""
    return Statements(engine.url.database, monkeypatch)


@pytest.fixture
def round_trips(engine: Engine) -> RoundTrips:
    """Count the round trips to the test's database."""
    return RoundTrips(engine)


@pytest.fixture(scope="session")
def schemas() -> Path:
    """The directory of the published schema files."""
    return Path(__file__).parent.parent / "schemas"


@pytest.fixture
def app(engine: Engine) -> Flask:
    """The application on a fresh database, with a user `admin` who may do everything."""
    return create_app(Settings(secret_key=SECRET_KEY), engine)


@pytest.fixture
def client(app: Flask) -> Client:
    """A client signed in as `admin`."""
    return Client(app)


@pytest.fixture
def make_user(engine: Engine) -> Callable[..., None]:
    """Make a user with permissions given as "node-read P.A" or "administer-all"."""

    def make(logon: str, *permissions: str) -> None:
        with engine.begin() as connection:
            add_user(connection, logon, PASSWORD)
            for permission in permissions:
                kind, _, reference = permission.partition(" ")
                create_permission(connection, Caller(None, (), administers_all=True), kind, logon, reference or None)

    return make


@pytest.fixture
def store(client: Client) -> Store:
    """A store of solutions, used by somebody who may do everything."""
    return Store(client)
