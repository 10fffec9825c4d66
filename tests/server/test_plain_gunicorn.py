"""`gunicorn wsgi:app` serves as `relink serve` does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import FreshDatabase
from tests.server.test_secrets import REQUESTS, SECRET
from tests.support.http import SECRET_KEY
from tests.support.raw import connect, exchange, request
from tests.support.served import Served, serving_process

THREADS = "8"


@pytest.fixture
def gunicorn(fresh_database: FreshDatabase, tmp_path: Path) -> Iterator[Served]:
    with fresh_database(True) as url:
        environment = {"RELINK_DATABASE_URL": url, "RELINK_SECRET_KEY": SECRET_KEY, "RELINK_THREADS": THREADS}
        options = ("--bind", "127.0.0.1:0", "wsgi:app")
        with serving_process(environment, tmp_path / "log", "gunicorn", *options) as running:
            yield running


@pytest.mark.ledger("PRO-9", "PRO-13")
def test_slow_clients_take_no_threads_and_nothing_that_fails_is_logged(gunicorn: Served) -> None:
    slow = [connect(gunicorn.url) for _ in range(2 * int(THREADS))]
    for connection in slow:
        connection.sendall(request("/service", b"<", length=900))
    for name in ("field without colon", "wrong chunk", "chunk that is too long", "broken basic"):
        assert exchange(gunicorn.url, REQUESTS[name], end=True).status in {400, 401}
    assert exchange(gunicorn.url, request("/metrics", method="GET")).status == 200
    assert SECRET not in gunicorn.log.read_text()
    assert "defect" not in gunicorn.log.read_text()
    for connection in slow:
        connection.close()
