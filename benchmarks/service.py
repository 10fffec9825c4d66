"""The service under gunicorn, as in production, and a client that measures it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.server import PASSWORD, USER

_BLOCK = 1024 * 1024
_CREDENTIALS = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
_HEADERS = {"Content-Type": "application/xml", "Authorization": f"Basic {_CREDENTIALS}"}


@dataclass(frozen=True)
class Service:
    """A running service. Times are seconds from sending the request to the last byte of the response."""

    port: int
    process: subprocess.Popen[bytes]

    def post(self, body: str | Path) -> tuple[float, bytes, int]:
        """Send a request. Returns the time, the beginning of the response, and its size in bytes."""
        connection = HTTPConnection("127.0.0.1", self.port)
        began = time.perf_counter()
        if isinstance(body, Path):
            with body.open("rb") as file:
                headers = {**_HEADERS, "Content-Length": str(body.stat().st_size)}
                connection.request("POST", "/service", file, headers)
        else:
            connection.request("POST", "/service", body, _HEADERS)
        response = connection.getresponse()
        head = response.read(4096)
        size = len(head)
        while block := response.read(_BLOCK):
            size += len(block)
        seconds = time.perf_counter() - began
        connection.close()
        if response.getheader("Relink-Error-Number") != "0":
            raise RuntimeError(f"the request failed: {head.decode()}")
        return seconds, head, size

    def requests_per_second(self, bodies: Sequence[str], *, seconds: float = 4) -> float:
        """Return the number of small requests per second that the service handles for four clients at once.

        Each client sends the bodies in turn.
        """
        with ThreadPoolExecutor(4) as clients:
            until = time.perf_counter() + seconds
            counts = clients.map(lambda _: self._ask_until(until, bodies), range(4))
            return sum(counts) / seconds

    def _ask_until(self, until: float, bodies: Sequence[str]) -> int:
        connection = HTTPConnection("127.0.0.1", self.port)
        count = 0
        while time.perf_counter() < until:
            connection.request("POST", "/service", bodies[count % len(bodies)], _HEADERS)
            response = connection.getresponse()
            response.read()
            if response.status != HTTPStatus.OK:
                raise RuntimeError(f"a request failed: {response.status}")
            count += 1
        connection.close()
        return count

    def peak_memory(self) -> int:
        """Return the highest resident size that any web process has had so far, in bytes."""
        master = self.process.pid
        workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return max(peak_memory(int(worker)) for worker in workers)


@contextmanager
def running(application: str, database_url: str) -> Iterator[Service]:
    """Run a WSGI application under gunicorn with one worker of eight threads."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--threads", "8", "--log-level", "warning", application]
    process = subprocess.Popen(
        command, env={**os.environ, "RELINK_DATABASE_URL": database_url}, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port, process)
        yield Service(port, process)
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the service did not start")


def peak_memory(pid: int) -> int:
    """Return the highest resident size that a process has had so far, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
