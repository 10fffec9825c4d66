"""Clients that keep their connections after they have got their responses make room for others."""

from __future__ import annotations

import resource
from contextlib import ExitStack
from pathlib import Path

from tests.conftest import FreshDatabase
from tests.support.processes import children
from tests.support.raw import connect, exchange, request
from tests.support.real_service import serving
from tests.support.served import eventually

MANY = 60


def test_clients_that_linger_make_room_for_others(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    """The process has file descriptors for no more clients than those; none of them is late yet."""
    lingering = request("/nowhere", method="GET", Connection="close")
    with (
        fresh_database(True) as url,
        serving(url, tmp_path / "serve.log", "--workers=1", RELINK_CLIENT_SECONDS="3600") as service,
        ExitStack() as stack,
    ):
        [gunicorn] = children(service.served.process.pid)
        [worker] = eventually(lambda: children(gunicorn))
        open_files = Path(f"/proc/{worker}/fd")
        used = len(list(open_files.iterdir()))
        before = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (used + MANY, before[1]))
        for _ in range(2 * MANY):
            stack.enter_context(connect(service.url)).sendall(lingering)
        assert exchange(service.url, request("/healthz", method="GET")).status == 200
        resource.prlimit(worker, resource.RLIMIT_NOFILE, before)
