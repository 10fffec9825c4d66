"""`relink serve`: the database, and gunicorn on it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from secrets import token_hex
from tempfile import TemporaryDirectory
from types import FrameType
from typing import NoReturn

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.commands.database import opened_database
from app.updates import runs

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_ASK_EVERY = 0.5


@click.command()
@click.option("--bind", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="Where to listen.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="Processes.")
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1), help="Threads in each of them.")
def serve(bind: str, workers: int, threads: int) -> None:
    """Serve over HTTP until stopped.

    An embedded database is started, and stopped at the end. SIGTERM and Ctrl-C end the service when the requests
    that it works on are answered; runs end after their present node. A second signal ends it at once.
    """
    name = f"relink {socket.gethostname()[:30]} {os.getpid()} {token_hex(4)}"
    numbers = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    _handle(numbers, partial(_leave, numbers))
    with opened_database() as engine, _environment(engine, name, threads) as environment:
        engine.dispose()
        options = [f"--bind={bind}", f"--workers={workers}", f"--threads={threads}"]
        command = [sys.executable, "-m", "gunicorn", "-c", "python:app.commands.gunicorn_config", *options]
        # A session of its own keeps the Ctrl-C of a terminal from it: we pass on what it should know.
        process = subprocess.Popen([*command, "app.start:application()"], env=environment, start_new_session=True)  # noqa: S603
        try:
            code = process.wait()
        except SystemExit:
            _handle(numbers, lambda *_: process.send_signal(signal.SIGQUIT))
            code = _ended(process, engine, name)
    raise SystemExit(code)


def _handle(
    numbers: list[signal.Signals], handler: Callable[[int, FrameType | None], object] | signal.Handlers
) -> None:
    for number in numbers:
        signal.signal(number, handler)


def _leave(numbers: list[signal.Signals], _number: int, _frame: FrameType | None) -> NoReturn:
    """The first signal: leave, and let no other one disturb that."""
    _handle(numbers, signal.SIG_IGN)
    raise SystemExit(0)


def _ended(process: subprocess.Popen[bytes], engine: Engine, session_name: str) -> int:
    """End gunicorn when its requests are answered, and the runs of its workers after their present node."""
    process.terminate()
    while True:
        try:
            return process.wait(_ASK_EVERY)
        except subprocess.TimeoutExpired:
            _cancel_runs(engine, session_name)


def _cancel_runs(engine: Engine, session_name: str) -> None:
    try:
        with engine.begin() as connection:
            runs.cancel_all(connection, session_name)
    except SQLAlchemyError as error:
        click.echo(f"the runs could not be asked to end: {error}", err=True)


@contextmanager
def _environment(engine: Engine, session_name: str, threads: int) -> Iterator[dict[str, str]]:
    """What the workers find: the database, with a name for their sessions, and a place for their metrics."""
    url = engine.url.update_query_dict({"application_name": session_name})
    # A run holds two connections, any other request one.
    pool_size = str(max(20, 2 * threads + 4))
    with TemporaryDirectory(prefix="relink-metrics-") as directory:
        yield {
            "RELINK_POOL_SIZE": pool_size,
            "PROMETHEUS_MULTIPROC_DIR": directory,
            **os.environ,
            "RELINK_DATABASE_URL": url.render_as_string(hide_password=False),
        }
