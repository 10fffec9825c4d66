"""The files of the metrics cannot make a worker fail, and remain after its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.server import metrics_files
from tests.support.processes import children
from tests.support.raw import exchange, request
from tests.support.real_service import Service
from tests.support.served import eventually


def gunicorn(service: Service) -> int:
    """The id of the process that starts the workers."""
    [process] = [process for process in children(service.served.process.pid) if b"gunicorn" in command_line(process)]
    return process


def command_line(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def directory(service: Service) -> Path:
    environment = Path(f"/proc/{gunicorn(service)}/environ").read_bytes().split(b"\0")
    [value] = [entry.partition(b"=")[2] for entry in environment if entry.startswith(b"PROMETHEUS_MULTIPROC_DIR=")]
    return Path(value.decode())


def counted(service: Service) -> int:
    """Return how many requests to `/healthz` were handled."""
    body = exchange(service.url, request("/metrics", method="GET")).body.decode()
    found = re.search(r'^relink_requests_total\{.*"health.healthz".*\} (\d+)', body, re.MULTILINE)
    return int(found[1]) if found else 0


@pytest.mark.ledger("PRO-19")
def test_metrics_files_have_no_holes(service: Service) -> None:
    """A file with holes would make its worker crash when the file system is full."""
    exchange(service.url, request("/healthz", method="GET"))
    files = list(directory(service).glob("*.db"))
    assert files
    for file in files:
        found = file.stat()
        assert found.st_blocks * 512 >= found.st_size


@pytest.mark.soak
@pytest.mark.ledger("PRO-19")
def test_a_new_worker_takes_over_those_of_one_that_died(shared_small_service: Service) -> None:
    service = shared_small_service
    before = counted(service)
    for _ in range(3):
        exchange(service.url, request("/healthz", method="GET"))
    assert counted(service) == before + 3
    [dead] = children(gunicorn(service))
    os.kill(dead, signal.SIGKILL)
    eventually(lambda: [process for process in children(gunicorn(service)) if process != dead])
    exchange(service.url, request("/healthz", method="GET"))
    assert counted(service) == before + 4
    assert len(list(directory(service).glob("*.db"))) == len(metrics_files.KINDS)


@pytest.mark.ledger("PRO-19")
def test_two_workers_do_not_take_over_the_same_files(tmp_path: Path) -> None:
    metrics_files.prepare(tmp_path, 1, alive={1})
    metrics_files.prepare(tmp_path, 2, alive={2, 3})
    metrics_files.prepare(tmp_path, 3, alive={2, 3})
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "counter_2.db", "counter_3.db", "gauge_livesum_2.db", "gauge_livesum_3.db", "histogram_2.db", "histogram_3.db",
    ]  # fmt: skip


@pytest.mark.ledger("PRO-19")
def test_where_there_is_no_room_in_memory_another_place_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(metrics_files, "_IN_MEMORY", Path("/proc"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with metrics_files.metrics_directory(2) as made:
        assert Path(made).parent == tmp_path
    assert list(tmp_path.iterdir()) == []


MAKES = """
import sys
from pathlib import Path
from app.server import metrics_files
metrics_files._IN_MEMORY = Path(sys.argv[1])
with metrics_files.metrics_directory(1) as made:
    print(made, flush=True)
    sys.stdin.read()
"""


@contextmanager
def owner(base: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that holds a directory in `base` until its input ends."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", MAKES, str(base)], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())


@pytest.mark.ledger("PRO-19")
def test_a_start_removes_the_directories_of_killed_processes_and_no_others(tmp_path: Path) -> None:
    with owner(tmp_path) as (killed, left), owner(tmp_path) as (_, used):
        killed.kill()
        killed.wait()
        assert {left, used} <= set(tmp_path.iterdir())
        with owner(tmp_path) as (_, new):
            assert set(tmp_path.iterdir()) == {used, new}
    assert list(tmp_path.iterdir()) == []
