"""A service with a database of its own, in a temporary directory, for as long as it is needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe
from tempfile import mkdtemp

import click

from app.commands.service import ServiceClient

_RELINK = [sys.executable, "-m", "app.cli"]
_START_WITHIN = 180
_STOP_WITHIN = 60
_LISTENS = re.compile(r"^Relink listens on (http://\S+)$", re.MULTILINE)


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """Make a directory and delete it at the end. After a failure it stays, and the error names the log in it."""
    directory = Path(mkdtemp(prefix="relink-demo-"))
    if os.geteuid() == 0:
        directory.chmod(0o755)  # the database server of root runs as another user
    note = f"The log of the service is {directory / 'service.log'}"
    try:
        yield directory
    except (KeyboardInterrupt, SystemExit, BrokenPipeError):
        shutil.rmtree(directory)
        raise
    except click.ClickException as error:
        raise click.ClickException(f"{error.message}\n{note}") from error
    except Exception as error:
        error.add_note(note)
        raise
    shutil.rmtree(directory)


@contextmanager
def temporary_service(directory: Path, user: str) -> Iterator[ServiceClient]:
    """Run `relink serve` on a free port, with an administrator as its user."""
    log = directory / "service.log"
    with log.open("w") as output:
        command = [*_RELINK, "serve", "--bind", "127.0.0.1:0"]
        process = subprocess.Popen(command, env=_environment(directory), stdout=output, stderr=output)  # noqa: S603
    try:
        url = _address(process, log)
        password = token_urlsafe(16)
        _relink(directory, "user", "add", user, "--admin", "--password-stdin", standard_input=password)
        yield ServiceClient(url, user, password)
    finally:
        process.terminate()
        process.wait(_STOP_WITHIN)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _START_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        listens = _LISTENS.search(log.read_text())
        if listens:
            return listens[1]
        time.sleep(0.05)
    raise click.ClickException("the service did not start")


def add_master_token(directory: Path, name: str) -> str:
    """Return a new master token for the service in a directory."""
    return _relink(directory, "token", "add", name, "--master").strip()


def _relink(directory: Path, *arguments: str, standard_input: str = "") -> str:
    """Run a command and return what it prints."""
    done = subprocess.run(  # noqa: S603
        [*_RELINK, *arguments],
        env=_environment(directory),
        input=standard_input,
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise click.ClickException(f"relink {' '.join(arguments[:2])} failed: {done.stderr.strip()}")
    return done.stdout


def _environment(directory: Path) -> dict[str, str]:
    """Return an environment with no settings except the directory."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RELINK_")}
    return {**inherited, "RELINK_DATA_DIR": str(directory / "data")}
