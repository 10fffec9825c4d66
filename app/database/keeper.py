"""Keeps an embedded PostgreSQL running for as long as any process uses it.

`app.database.embedded` runs this file as a program: `python keeper.py DATA_DIRECTORY BINARIES INITDB [USER]`. It
imports only the standard library, so that it starts quickly and stays small.

Each process that uses the server holds a shared lock on the file `users.lock`. The kernel releases the lock when the
process ends for whatever reason. The keeper starts the server and restarts it when it dies. When the keeper gets an
exclusive lock on the file, no process uses the server any more, and the keeper stops it. The keeper also holds an
exclusive lock on the file `keeper.lock`, so that there is never a second keeper.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

KEEPER_LOCK, USERS_LOCK = "keeper.lock", "users.lock"
FILES = "postgresql"
LOG = "postgresql.log"
SOCKET = ".s.PGSQL.5432"

_LONGEST_SOCKET = 100  # bytes; Linux allows 107, macOS 103, and PostgreSQL appends ".lock"
_NEW = f"{FILES}.new-"
_POLL = 0.1
_LOCK_WITHIN = 2.0
_START_WITHIN = _STOP_WITHIN = 60.0
_START_AGAIN_WITHIN = 5.0
_LONGEST_PAUSE = 10.0
_LONGEST_LOG = 10 * 1024 * 1024
_LONGEST_OUTPUT = 2000
_PR_SET_PDEATHSIG = 1
# Errors about the remains of a killed server, which disappear within moments.
_PASSING = ("pre-existing shared memory block", 'lock file "')
_INITDB_OPTIONS = (
    "--username=postgres",
    # The files and the socket are in directories that only their owner may enter.
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",  # the same order of text on every machine, whatever its locales
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
_SETTINGS = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "port=5432",
    "max_connections=300",  # for eight web processes with the default number of threads, or four with 64
    # Errors repeat values from clients, so they are not logged here. The service gets each error and logs it.
    "log_min_messages=log",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_statement=none",
    "log_min_duration_statement=-1",
)


class ServerError(RuntimeError):
    """The server does not start. The message is the output of initdb or of the server."""


def locked(file: IO[Any], operation: int) -> bool:
    """Lock a file if that is possible without waiting. Returns whether the file is locked."""
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def open_lock(data_directory: Path, name: str) -> IO[bytes]:
    """Open one of the two lock files. Other users cannot open them, and so cannot hold their locks."""
    return open(data_directory / name, "ab", opener=lambda path, flags: os.open(path, flags, 0o600))


def socket_directory(data_directory: Path) -> Path:
    """Return the directory of the socket of the server of a data directory.

    It is beside the files of the server, unless the path is too long for a socket or has characters that a connection
    string cannot express. Then it is a directory in /tmp, not in TMPDIR, which may differ between the processes that
    use the server; it has a link to the files, named `FILES`.
    """
    files = data_directory / FILES
    try:
        usable = len(str(files / SOCKET).encode()) <= _LONGEST_SOCKET and "," not in str(files)
    except UnicodeEncodeError:
        usable = False
    if usable:
        return files
    return Path("/tmp") / f"relink-{sha256(os.fsencode(data_directory)).hexdigest()[:16]}"  # noqa: S108


class Server:
    """The PostgreSQL server of a data directory."""

    def __init__(self, data_directory: Path, binaries: Path, initdb: Path, user: str | None) -> None:
        """Use the programs in `binaries`, and `initdb` to create the files. Root runs them as `user`."""
        self._data_directory = data_directory
        self._files = data_directory / FILES
        self._binaries = binaries
        self._initdb = initdb
        self._user = None if user is None else pwd.getpwnam(user)
        self._process: subprocess.Popen[bytes] | None = None
        self._own_socket_directory: Path | None = None

    def make_files(self) -> None:
        """Create the server's files if they do not exist. The directory gets its final name when they are complete."""
        for left in self._data_directory.glob(f"{_NEW}*"):
            shutil.rmtree(left, ignore_errors=True)
        if (self._files / "PG_VERSION").exists():
            return
        if self._files.is_dir() and any(self._files.iterdir()):
            raise ServerError("the directory is not empty and is not a database: move it away, or set RELINK_DATA_DIR")
        made = Path(tempfile.mkdtemp(prefix=_NEW, dir=self._data_directory))
        self._give_to_user(made)
        command = [str(self._initdb), f"--pgdata={made}", *_INITDB_OPTIONS]
        done = self._start(command, signal.SIGKILL, subprocess.PIPE)
        output = done.communicate()[0]
        if done.returncode != 0:
            shutil.rmtree(made, ignore_errors=True)
            raise ServerError(_readable(output) or f"initdb ended with {done.returncode}")
        made.rename(self._files)
        directory = os.open(self._data_directory, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)

    def start(self, within: float) -> None:
        """Start the server and wait until it accepts connections. Raises ServerError if it does not start.

        While the remains of a killed server are in the way, the start is retried for `within` seconds. There is no time
        limit for a server that is recovering its data.
        """
        deadline = time.monotonic() + within
        _end_orphan(self._files)
        directory = self._socket_directory()
        while True:
            output = self._started(directory)
            if output is None:
                return
            if not any(words in output for words in _PASSING) or time.monotonic() > deadline:
                raise ServerError(output)
            time.sleep(_POLL)

    def runs(self) -> bool:
        """Return whether the server that was started last is still running."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop the server: its transactions are rolled back, and its data is written to disk."""
        if self._process is not None and self.runs():
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_STOP_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait()
        if self._own_socket_directory is not None:
            with suppress(OSError):
                (self._own_socket_directory / FILES).unlink(missing_ok=True)
                self._own_socket_directory.rmdir()

    def note(self, line: str) -> None:
        """Write a line into the server's log."""
        with (self._data_directory / LOG).open("a") as log:
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S %Z')} [keeper] {line}\n")

    def _started(self, socket_directory: Path) -> str | None:
        """Start the server once. Returns its output if it ended, or None if it accepts connections."""
        command = [str(self._binaries / "postgres"), "-D", str(self._files)]
        quoted = str(socket_directory).replace('"', '""')
        for setting in (f'unix_socket_directories="{quoted}"', *_SETTINGS):
            command += ["-c", setting]
        with self._log() as log:
            began = os.fstat(log.fileno()).st_size
            process = self._process = self._start(command, signal.SIGINT, log)
            while process.poll() is None:
                if self._is_ready(process.pid):
                    return None
                time.sleep(_POLL / 4)
            log.seek(began)
            return _readable(log.read()) or f"postgres ended with {process.returncode}"

    def _is_ready(self, pid: int) -> bool:
        """Return whether the PID file of the server has its process number, and `ready` as the eighth line."""
        try:
            lines = (self._files / "postmaster.pid").read_bytes().split(b"\n")
        except OSError:
            return False
        return lines[0] == str(pid).encode() and len(lines) > 7 and lines[7].strip() == b"ready"

    def _log(self) -> IO[bytes]:
        path = self._data_directory / LOG
        if path.exists() and path.stat().st_size > _LONGEST_LOG:
            path.replace(path.with_suffix(".log.old"))
        return path.open("a+b")

    def _start(self, command: list[str], when_keeper_dies: int, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
        keeper = os.getpid()
        prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

        def end_with_keeper() -> None:
            if prctl is not None:
                prctl(_PR_SET_PDEATHSIG, when_keeper_dies)
                if os.getppid() != keeper:
                    os._exit(1)

        user = self._user
        as_user: dict[str, Any] = {}
        if user is not None:
            as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        return subprocess.Popen(  # noqa: S603
            command,
            # Without the locale and the PG variables of the process that started the keeper, and without any secrets.
            env={"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)},
            cwd=self._data_directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_keeper,  # noqa: PLW1509 - the keeper has one thread
            **as_user,
        )

    def _give_to_user(self, directory: Path) -> None:
        if self._user is not None:
            os.chown(directory, self._user.pw_uid, self._user.pw_gid)

    def _socket_directory(self) -> Path:
        """Create the directory of the socket. One in /tmp is closed to other users, and refused if it is not ours."""
        directory = socket_directory(self._data_directory)
        if directory == self._files:
            return directory
        with suppress(FileExistsError):
            directory.mkdir(mode=0o700)
            self._give_to_user(directory)
        state = directory.lstat()
        owner = os.geteuid() if self._user is None else self._user.pw_uid
        if directory.is_symlink() or not directory.is_dir() or state.st_uid != owner or state.st_mode & 0o077:
            raise ServerError(
                f"its socket would be in {directory}, because the path of the data directory is too long or has "
                f"unusual characters, and that directory belongs to somebody else or is open to others: remove it, or "
                f"set RELINK_DATA_DIR to a shorter path"
            )
        with suppress(FileExistsError):
            (directory / FILES).symlink_to(self._files)
        self._own_socket_directory = directory
        return directory


def _end_orphan(files: Path) -> None:
    """Make way for a new server: end a server that outlived its keeper.

    The process number in `postmaster.pid` may by now belong to another program, above all in a container. PostgreSQL
    would not start then, so the file is removed. A server is recognised by its working directory, which is its data
    directory.
    """
    pid_file = files / "postmaster.pid"
    asked = False
    while True:
        try:
            pid = int(pid_file.read_bytes().split()[0])
            is_server = Path(f"/proc/{pid}/cwd").samefile(files)
        except (OSError, IndexError, ValueError):
            break
        if not is_server:
            pid_file.unlink(missing_ok=True)
            break
        if not asked:
            with suppress(OSError):
                os.kill(pid, signal.SIGINT)
            asked = True
        time.sleep(_POLL)


def _readable(output: bytes) -> str:
    """Return the end of the output of a program."""
    return output[-_LONGEST_OUTPUT:].decode(errors="replace").strip()


def keep(server: Server, users: IO[bytes]) -> None:
    """Keep the server running until no process uses it, then stop it."""
    pause = _POLL
    while not locked(users, fcntl.LOCK_EX):
        if server.runs():
            pause = _POLL
        else:
            server.note("the server ended and is restarted")
            try:
                server.start(within=_START_AGAIN_WITHIN)
            except (OSError, ServerError) as error:
                server.note(f"the server did not start: {error}")
                pause = min(2 * pause, _LONGEST_PAUSE)
        time.sleep(pause)
    server.stop()


def main(data_directory: Path, binaries: Path, initdb: Path, user: str | None) -> str | None:
    """Keep the server of a data directory running. Returns the reason if it does not start."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # The keeper ends when the server is no longer used. Unlike SIG_IGN, the server does not inherit a handler.
        signal.signal(number, lambda *_: None)
    os.umask(0o077)
    with open_lock(data_directory, KEEPER_LOCK) as lock, open_lock(data_directory, USERS_LOCK) as users:
        deadline = time.monotonic() + _LOCK_WITHIN
        while not locked(lock, fcntl.LOCK_EX):
            # A process that checks whether there is a keeper holds the lock for a moment.
            if time.monotonic() > deadline:
                return None
            time.sleep(_POLL / 10)
        server = Server(data_directory, binaries, initdb, user)
        try:
            server.make_files()
            server.start(within=_START_WITHIN)
        except (OSError, ServerError) as error:
            server.stop()
            return str(error)
        _write_to_log(data_directory)
        keep(server, users)
    return None


def _write_to_log(data_directory: Path) -> None:
    """Close the output that was inherited, since the process that started the keeper reads it to its end."""
    with (data_directory / LOG).open("ab") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())


if __name__ == "__main__":
    if os.fork() > 0:
        os._exit(0)
    os.setsid()
    directory, programs, initdb = map(Path, sys.argv[1:4])
    failure = main(directory, programs, initdb, sys.argv[4] if len(sys.argv) > 4 else None)
    if failure is not None:
        with suppress(BrokenPipeError):
            sys.stdout.buffer.write(failure.encode())
            sys.stdout.flush()
        sys.exit(1)
