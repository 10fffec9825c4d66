"""Start-up: reads the settings, opens the database and makes the application."""

from __future__ import annotations

import ctypes
import gc
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TypeVar

import structlog
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import Engine

from app.application import create_app
from app.database import embedded
from app.database.engine import DEFAULT_POOL_SIZE, make_engine
from app.database.failures import Passing, passing
from app.database.migrate import migrate, require_schema
from app.database.session import forget_environment
from app.logs import configure_logs
from app.runs import upkeep
from app.settings import Settings
from app.tidying import Tidying

Result = TypeVar("Result")
_log = structlog.get_logger("relink.start")

_PATIENCE_SECONDS = 30
_RETRY_SECONDS = 0.2
_MOST_HEAPS = -8
"""The parameter `M_ARENA_MAX` of `mallopt` in glibc."""
SECRET_KEY_FILE = "secret-key"  # noqa: S105 - the name of a file in the data directory


def connect(settings: Settings) -> Engine:
    """Return an engine on the configured database server. Without one, start the embedded database."""
    forget_environment(embedded=settings.database_url is None)
    url = settings.database_url or embedded.start(settings.data_directory)
    return make_engine(url, pool_size=settings.pool_size or DEFAULT_POOL_SIZE)


def open_database(settings: Settings) -> Engine:
    """Return an engine, as `connect` does, on a database that has all migrations.

    An embedded database is migrated. Raises SchemaBehindError if the schema of a database server is out of date.
    """
    engine = connect(settings)
    try:
        if settings.database_url is None:
            migrate(engine)
        else:
            require_schema(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def with_secret_key(settings: Settings) -> Settings:
    """Return the settings with a secret key.

    Without a configured key, an embedded database uses a key file in its directory, which is created when it is first
    needed. A database server has no key file.
    """
    if settings.secret_key is not None or settings.database_url is not None:
        return settings
    return replace(settings, secret_key=_kept_key(settings.data_directory / SECRET_KEY_FILE))


def _kept_key(file: Path) -> str:
    """Return the key in a file that only its owner may read, and create the file if it does not exist.

    If several processes create the file at once, the first one wins and all of them read its key.
    """
    if not file.exists():
        with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}-") as made:
            made.write(Fernet.generate_key())
            made.flush()
            os.fsync(made.fileno())
            with suppress(FileExistsError):
                os.link(made.name, file)
    return file.read_text().strip()


def application() -> Flask:
    """Return the application with the settings of the environment."""
    configure_logs()
    prepare_for_plans()
    settings = Settings.from_environment().for_web_process()
    engine = _when_available(lambda: open_database(settings))
    _when_available(lambda: upkeep.close_dead(engine))
    Tidying(engine, settings).start()
    made = create_app(with_secret_key(settings), engine)
    # The objects that exist now will stay, so no collection needs to look at them.
    gc.freeze()
    return made


def prepare_for_plans() -> None:
    """Set up the memory of a process that makes plans.

    A plan makes millions of small objects that live and die together. Python's default threshold would start a garbage
    collection for every few hundred of them, which takes longer than the planning.
    """
    gc.set_threshold(200_000, 20, 50)
    _use_one_heap()


def _use_one_heap() -> None:
    """Make all threads allocate memory from one heap.

    The C library gives each thread a heap of its own, and memory that one thread frees is not used by another. A
    process whose threads have each handled a large request would hold the memory of all these requests.
    """
    with suppress(AttributeError):  # not every C library has this function
        ctypes.CDLL(None).mallopt(_MOST_HEAPS, 1)


def _when_available(work: Callable[[], Result]) -> Result:
    """Return what the work returns. While the database is not available, retry the work for half a minute.

    gunicorn stops the whole service when one of its worker processes fails to start, so a database that restarts at
    that moment must not make one fail.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    waits = False
    while True:
        try:
            return work()
        except Exception as error:
            if passing(error) is not Passing.AWAY or time.monotonic() > deadline:
                raise
        if not waits:
            _log.warning("the database is not available, waiting for it", seconds=_PATIENCE_SECONDS)
            waits = True
        time.sleep(_RETRY_SECONDS)
