"""Start-up of commands, workers and web processes: opens the database of the settings and prepares the process."""

from __future__ import annotations

import ctypes
import gc
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile

from sqlalchemy import Engine

from app.database import embedded
from app.database.engine import DEFAULT_POOL_SIZE, make_engine
from app.database.migrate import migrate, require_schema
from app.database.session import forget_environment
from app.settings import Settings

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


def present_secret_key(settings: Settings) -> str | None:
    """Return the secret key in use, or None if there is none yet. No key file is created."""
    if settings.secret_key is not None or settings.database_url is not None:
        return settings.secret_key
    file = settings.data_directory / SECRET_KEY_FILE
    return file.read_text().strip() if file.exists() else None


def keep_secret_key(settings: Settings, key: str) -> None:
    """Make a key that of the embedded database, in place of the one that it has."""
    file = settings.data_directory / SECRET_KEY_FILE
    with NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}-", delete=False) as made:
        made.write(key)
        made.flush()
        os.fsync(made.fileno())
    Path(made.name).replace(file)


def _kept_key(file: Path) -> str:
    """Return the key in a file that only its owner may read, and create the file if it does not exist.

    If several processes create the file at once, the first one wins and all of them read its key.
    """
    if not file.exists():
        # Imported here, because most commands need no key.
        from cryptography.fernet import Fernet  # noqa: PLC0415

        with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}-") as made:
            made.write(Fernet.generate_key())
            made.flush()
            os.fsync(made.fileno())
            with suppress(FileExistsError):
                os.link(made.name, file)
    return file.read_text().strip()


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
