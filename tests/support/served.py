"""`relink serve` as the process that it is."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.support.processes import arguments, children

WITHIN = 120
ROOT = Path(__file__).parent.parent.parent
Found = TypeVar("Found")


@dataclass(frozen=True)
class Served:
    """A running `relink serve`."""

    process: subprocess.Popen[str]
    url: str
    log: Path

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(WITHIN)


def served(environment: dict[str, str], log: Path, *options: str) -> AbstractContextManager[Served]:
    """Run `relink serve` on a free port as long as the context lasts."""
    return serving_process(environment, log, "app.cli", "serve", "--bind", "127.0.0.1:0", *options)


@contextmanager
def serving_process(environment: dict[str, str], log: Path, module: str, *options: str) -> Iterator[Served]:
    """Run a module that says where it listens as long as the context lasts."""
    command = [sys.executable, "-W", "ignore", "-m", module, *options]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=output, stderr=output, text=True, cwd=ROOT
        )
    try:
        yield Served(process, eventually(lambda: _address(process, log)), log)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(WITHIN)


def _address(process: subprocess.Popen[str], log: Path) -> str | None:
    assert process.poll() is None, log.read_text()
    found = re.search(r"^Relink listens on (\S+)$", log.read_text(), re.MULTILINE)
    return found[1] if found else None


def eventually(found: Callable[[], Found | None], within: float = WITHIN, *, slowest: float = 0.25) -> Found:
    """Call a function until its result is true, and return the result. Fails if this takes too long.

    Asks less often the longer that it has waited, but at least every `slowest` seconds: the questions take time from
    what is waited for.
    """
    began = time.monotonic()
    while (waited := time.monotonic() - began) < within:
        value = found()
        if value:
            return value
        time.sleep(min(slowest, max(0.02, waited / 20)))
    pytest.fail(f"nothing within {within} s")


def is_ready(served: Served) -> bool:
    with urlopen(f"{served.url}/healthz") as response:  # noqa: S310 - it is the URL of our own service
        assert response.status == 200
    with suppress(HTTPError), urlopen(f"{served.url}/readyz") as response:  # noqa: S310
        return bool(response.status == 200)
    return False


def workers_of(served: Served) -> list[int]:
    """The processes of `relink worker` that a service has started."""
    return [child for child in children(served.process.pid) if "worker" in arguments(child)]
