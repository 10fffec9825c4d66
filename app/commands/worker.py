"""`relink worker`, and the worker process that `relink serve` starts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Lock, Thread

import click

from app.commands.database import opened_database, plain_errors
from app.commands.parent import end_with_parent
from app.logs import configure_library_logs, configure_logs
from app.settings import Settings
from app.start import prepare_for_plans, with_secret_key
from app.worker import run_worker

_START_AGAIN_AFTER = 5.0


@click.command(short_help="Do runs, move instances and send messages.")
@click.option(
    "--concurrency",
    default=2,
    show_default=True,
    type=click.IntRange(1, 64),
    help="How many batches of instances, and how many runs, at once.",
)
@click.option("--beside-serve", is_flag=True, hidden=True)
def worker(concurrency: int, beside_serve: bool) -> None:
    """Work in the background until stopped: do queued runs, move instances of solutions to new releases, and send
    messages.

    Any number of workers may run, on any machine that reaches the database. SIGTERM and Ctrl-C end one after its
    present instance or node, and its runs wait for another worker; a second signal ends it at once. 'relink serve'
    starts a worker itself if it uses an embedded database.

    \b
    Example:
      relink worker
    """
    if beside_serve:
        end_with_parent()
    configure_logs()
    configure_library_logs()
    with plain_errors():
        # One connection for each batch, one for messages, one to tidy, and for each run those that hold it, read for
        # it, write its rows and watch it.
        what = f"{concurrency} batches and {concurrency} runs at once"
        settings = Settings.from_environment().with_connections(5 * concurrency + 2, what)
    with opened_database(settings) as engine:
        if not beside_serve:
            click.echo("Relink works in the background; Ctrl-C ends it.")
            sys.stdout.flush()
        prepare_for_plans()
        run_worker(engine, with_secret_key(settings), concurrency)


class WorkerProcess:
    """A worker in a process of its own, which is restarted if it ends without being asked to."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._ending = Event()
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def keep(self) -> None:
        """Keep a worker running, until it is asked to end and has ended."""
        while (process := self._started()) is not None:
            process.wait()
            self._ending.wait(_START_AGAIN_AFTER)

    def end(self, *, at_once: bool = False) -> None:
        """Ask the worker to end after its present instance, or kill it."""
        with self._lock:
            self._ending.set()
            if self._process is not None:
                (self._process.kill if at_once else self._process.terminate)()

    def _started(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._ending.is_set():
                return None
            command = [sys.executable, "-m", "app.cli", "worker", "--beside-serve"]
            # A session of its own keeps the Ctrl-C of a terminal from it.
            self._process = subprocess.Popen(command, env=self._environment, start_new_session=True)  # noqa: S603
            return self._process


@contextmanager
def worker_process(environment: Mapping[str, str], *, wanted: bool) -> Iterator[WorkerProcess | None]:
    """Run a worker beside this process, for as long as the context lasts."""
    if not wanted:
        yield None
        return
    process = WorkerProcess(environment)
    keeping = Thread(target=process.keep, name="worker process")
    keeping.start()
    try:
        yield process
    finally:
        process.end()
        keeping.join()
