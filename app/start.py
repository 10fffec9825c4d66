"""Starting up: settings, the database that they name or the embedded one, and the application on it."""

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
"""`M_ARENA_MAX` of `mallopt` in the C library of GNU."""
SECRET_KEY_FILE = "secret-key"  # noqa: S105 - the name of a file in the data directory


def connect(settings: Settings) -> Engine:
    """An engine on the database server of the settings, or on the embedded one, which is started."""
    forget_environment(embedded=settings.database_url is None)
    url = settings.database_url or embedded.start(settings.data_directory)
    return make_engine(url, pool_size=settings.pool_size or DEFAULT_POOL_SIZE)


def open_database(settings: Settings) -> Engine:
    """As `connect`, on a database that has all migrations.

    The embedded one is brought up to date by itself; a server that is behind raises SchemaBehindError.
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
    """The settings with a secret key. Where none is set, an embedded database has one in a file beside it, which is
    made when it is first asked for; a database server has none."""
    if settings.secret_key is not None or settings.database_url is not None:
        return settings
    return replace(settings, secret_key=_kept_key(settings.data_directory / SECRET_KEY_FILE))


def _kept_key(file: Path) -> str:
    """The key in a file that only its owner may read. Of several processes that make it at once, one does."""
    if not file.exists():
        with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}-") as made:
            made.write(Fernet.generate_key())
            made.flush()
            os.fsync(made.fileno())
            with suppress(FileExistsError):
                os.link(made.name, file)
    return file.read_text().strip()


def application() -> Flask:
    """The application as the environment sets it."""
    configure_logs()
    # A plan makes millions of small objects that live and die together; looking for cycles among them at every
    # few hundred takes longer than the planning.
    gc.set_threshold(200_000, 20, 50)
    _use_one_heap()
    settings = Settings.from_environment().for_web_process()
    engine = _when_available(lambda: open_database(settings))
    _when_available(lambda: upkeep.close_dead(engine))
    Tidying(engine, settings).start()
    return create_app(with_secret_key(settings), engine)


def _use_one_heap() -> None:
    """Let all threads take memory from one heap.

    The C library gives each thread a heap of its own, and what one thread frees is not used by another. A process whose
    threads have each answered a large request would hold the memory of all of them.
    """
    with suppress(AttributeError):  # not every C library has it
        ctypes.CDLL(None).mallopt(_MOST_HEAPS, 1)


def _when_available(work: Callable[[], Result]) -> Result:
    """Returns what the work returns. Where the database is not available, the work is tried again for half a minute.

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
