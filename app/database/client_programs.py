"""The client programs of PostgreSQL: `pg_dump`, `pg_restore` and `psql`.

Those of the embedded database work with servers of its version and of older ones. For a newer server, the programs in
PATH are used.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from psycopg import pq
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine

from app.database.embedded import EmbeddedDatabaseError, installed_binaries
from app.database.engine import driver_arguments

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_LONGEST_MESSAGE = 2000


class ClientProgramError(RuntimeError):
    """A program is missing or has failed. The message says why, and what to do."""


class ClientPrograms:
    """Programs of one version, at least as new as a given one."""

    def __init__(self, least: int) -> None:
        """Look for the programs. Raises ClientProgramError if there are none that are new enough."""
        found = [(version, directory) for directory in _directories() if (version := _version(directory)) >= least]
        if not found:
            raise ClientProgramError(
                f"pg_dump, pg_restore and psql of PostgreSQL {least} or later are needed: install PostgreSQL's client"
                " programs, with their directory in PATH"
            )
        self.version, self._directory = found[0]

    def command(self, name: str, *options: str) -> list[str]:
        """Return the command line of a program."""
        return [str(self._directory / name), *options]


class Connecting:
    """How a program connects to the database of an engine: parameters in the environment, so that none is listed."""

    def __init__(self, engine: Engine) -> None:
        given = {name: str(value) for name, value in driver_arguments(engine).items() if value not in (None, "")}
        variables = {
            option.keyword.decode(): option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar
        }
        self.environment = {variables[name]: given.pop(name) for name in list(given) if name in variables}
        self.option = f"--dbname={make_conninfo(**given)}"


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, reads: bool = False, writes: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for as long as the context lasts, with a pipe for what it reads or writes.

    Raises ClientProgramError with the message of the program if it fails. The program is killed if the context ends
    with an exception.
    """
    with TemporaryFile() as messages:
        process = subprocess.Popen(  # noqa: S603 - a program of PostgreSQL
            command,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
            stdout=subprocess.PIPE if writes else subprocess.DEVNULL,
            stderr=messages,
        )
        try:
            yield process
            _end(process)  # within the try statement: a program must not go on if this is interrupted
        except BrokenPipeError:  # the program has failed, which its message explains
            if process.wait() == 0:
                raise
        except BaseException:
            process.kill()
            raise
        finally:
            _end(process)
        if process.returncode != 0:
            raise ClientProgramError(f"{Path(command[0]).name} has failed: {_text(messages)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue
    process.wait()


def _text(messages: IO[bytes]) -> str:
    """Return the first lines that a program has written."""
    messages.seek(0)
    text = " ".join(messages.read(_LONGEST_MESSAGE).decode(errors="replace").split())
    return text or "it gives no reason"


def _directories() -> Iterator[Path]:
    with suppress(EmbeddedDatabaseError):  # not every platform has an embedded database
        yield installed_binaries()
    found = shutil.which("pg_dump")
    if found is not None:
        yield Path(found).parent


def _version(directory: Path) -> int:
    """Return the major version of the programs in a directory, or 0 if they do not run."""
    try:
        output = subprocess.run(  # noqa: S603 - a program of PostgreSQL
            [str(directory / "pg_dump"), "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = _VERSION.search(output)
    return int(found[1]) if found else 0
