"""`relink serve`: the database, and gunicorn on it."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from secrets import token_hex
from types import FrameType
from typing import NoReturn

import click
from gunicorn.util import parse_address  # type: ignore[import-untyped]
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from app.commands.database import opened_database, plain_errors, shown_url
from app.commands.worker_process import WorkerProcess, worker_process
from app.database import keeper
from app.runs import record as runs
from app.server.metrics_files import metrics_directory
from app.settings import FEWEST_THREADS, Settings
from app.start import with_secret_key
from app.text import is_whole_number

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_ASK_EVERY = 0.5
_LAST_PORT = 65535


def _has_host_and_port(bind: str) -> bool:
    host, _, port = bind.rpartition(":")
    return bool(host) and is_whole_number(port) and len(port) <= 5 and int(port) <= _LAST_PORT


def _free(_context: click.Context, _parameter: click.Parameter, bind: str) -> str:
    """Return the address if the service can listen there; this is checked before anything is started."""
    if not bind.startswith("unix:") and not _has_host_and_port(bind):
        raise click.BadParameter(
            f"{bind} is not a host and a port from 0 to 65535: write HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080"
        )
    try:
        address = parse_address(bind)
        if isinstance(address, tuple):
            # As gunicorn does it: what another process left in TIME_WAIT does not count.
            family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
            socket.create_server(address, family=family).close()
    except (OSError, RuntimeError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        advice = ". Stop the program that listens there, or choose another port" if taken else ""
        raise click.BadParameter(f"{bind}: {getattr(error, 'strerror', None) or error}{advice}") from error
    return bind


@click.command()
@click.option(
    "--bind",
    default="127.0.0.1:8080",
    show_default=True,
    metavar="HOST:PORT",
    callback=_free,
    help="Where to listen.",
)
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="Processes.")
@click.option(
    "--threads",
    default=Settings.threads,
    show_default=True,
    envvar="RELINK_THREADS",
    type=click.IntRange(FEWEST_THREADS),
    help="Threads in each of them.",
)
@click.option("--no-worker", is_flag=True, envvar="RELINK_NO_WORKER", help="Start no worker with an embedded database.")
def serve(bind: str, workers: int, threads: int, no_worker: bool) -> None:
    """Serve over HTTP until stopped.

    An embedded database is started, with one 'relink worker', and both are stopped at the end. SIGTERM and Ctrl-C end
    the service when it has sent the responses that it works on; runs end after their present node. A second signal
    ends it at once.

    \b
    Example:
      relink serve --bind 0.0.0.0:8080 --workers 4
    """
    name = f"relink {socket.gethostname()[:30]} {os.getpid()} {token_hex(4)}"
    numbers = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    _handle(numbers, partial(_leave, numbers))
    with plain_errors():
        settings = Settings.from_environment({**os.environ, "RELINK_THREADS": str(threads)}).for_web_process()
    _warn_of_proxies(settings)
    _tell_of_database(settings)
    with opened_database(settings) as engine, _environment(engine, name, settings, workers) as environment:
        engine.dispose()
        options = [f"--bind={bind}", f"--workers={workers}", f"--threads={threads}"]
        command = [sys.executable, "-m", "gunicorn", "-c", "python:app.commands.gunicorn_config", *options]
        # A session of its own keeps the Ctrl-C of a terminal from it: this process passes the signals on.
        process = subprocess.Popen([*command, "app.web_process:application()"], env=environment, start_new_session=True)  # noqa: S603
        embedded = settings.database_url is None
        with worker_process(environment, wanted=embedded and not no_worker) as worker:
            try:
                code = process.wait()
            except SystemExit:
                _handle(numbers, lambda *_: _end_at_once(process, worker))
                code = _ended(process, worker, engine, name)
    raise SystemExit(code if code >= 0 else 128 - code)


def _tell_of_database(settings: Settings) -> None:
    """Print what is opened before the service listens, which takes a moment, and longer the first time."""
    if settings.database_url is None:
        directory = settings.data_directory.resolve()
        is_new = not (directory / keeper.FILES).exists()
        click.echo(f"{'Creating' if is_new else 'Starting'} the embedded database in {directory} ...")
    else:
        click.echo(f"Opening the database {shown_url(make_url(settings.database_url))} ...")
    sys.stdout.flush()


def _warn_of_proxies(settings: Settings) -> None:
    """Print which setting a proxy needs. A proxy may run on the same machine, so any address is concerned."""
    if settings.trusted_proxies:
        return
    click.echo(
        "Note: RELINK_TRUSTED_PROXIES is 0. Behind a proxy, all clients would count as one network, and too many failed"
        " sign-ins of one of them would lock out the others: set it to the number of proxies.",
        err=True,
    )


def _handle(
    numbers: list[signal.Signals], handler: Callable[[int, FrameType | None], object] | signal.Handlers
) -> None:
    for number in numbers:
        signal.signal(number, handler)


def _leave(numbers: list[signal.Signals], _number: int, _frame: FrameType | None) -> NoReturn:
    """Handle the first signal: leave, and ignore all further ones."""
    _handle(numbers, signal.SIG_IGN)
    raise SystemExit(0)


def _end_at_once(process: subprocess.Popen[bytes], worker: WorkerProcess | None) -> None:
    process.send_signal(signal.SIGQUIT)
    if worker is not None:
        worker.end(at_once=True)


def _ended(process: subprocess.Popen[bytes], worker: WorkerProcess | None, engine: Engine, session_name: str) -> int:
    """End gunicorn after its requests, and the runs of its workers after their present node."""
    process.terminate()
    if worker is not None:
        worker.end()
    while process.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_ASK_EVERY)
            break
        _cancel_runs(engine, session_name)
    # The signal kills gunicorn if it arrives before gunicorn has set its handler. That is an orderly end too.
    return 0 if process.returncode == -signal.SIGTERM else process.returncode


def _cancel_runs(engine: Engine, session_name: str) -> None:
    try:
        with engine.begin() as connection:
            runs.cancel_all(connection, session_name)
    except SQLAlchemyError as error:
        click.echo(f"the runs in progress could not be cancelled: {error}", err=True)


@contextmanager
def _environment(engine: Engine, session_name: str, settings: Settings, workers: int) -> Iterator[dict[str, str]]:
    """Return the environment of the workers: the database, a name for their sessions, and a directory for metrics."""
    url = engine.url.update_query_dict({"application_name": session_name})
    secret_key = with_secret_key(settings).secret_key
    with metrics_directory(workers) as directory:
        yield {
            **os.environ,
            "RELINK_POOL_SIZE": str(settings.pool_size),
            "PROMETHEUS_MULTIPROC_DIR": directory,
            "RELINK_THREADS": str(settings.threads),
            "RELINK_SECRET_KEY": secret_key or "",
            "RELINK_DATABASE_URL": url.render_as_string(hide_password=False),
        }
