"""The worker process that `relink serve` starts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Lock, Thread

_START_AGAIN_AFTER = 5.0


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
