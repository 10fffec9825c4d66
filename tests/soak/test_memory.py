"""A web process does not grow with the invalid documents that several clients send at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import FreshDatabase
from tests.server.test_memory_of_invalid_documents import KINDS
from tests.support.processes import children, resident
from tests.support.raw import BASIC, exchange, request
from tests.support.real_service import serving
from tests.support.served import eventually

ROUNDS = 9
WARM_UP = 3
MOST_GROWTH_MIB = 30


@pytest.mark.ledger("PRO-26")
def test_invalid_documents_do_not_make_a_web_process_grow(
    fresh_database: FreshDatabase, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    with fresh_database(True) as url, serving(url, tmp_path / "serve.log", "--workers=1") as service:
        [gunicorn] = children(service.served.process.pid)
        [worker] = eventually(lambda: children(gunicorn))

        def post(kind: str) -> int:
            return exchange(service.url, request("/service", KINDS[kind]().encode(), Authorization=BASIC)).status

        held = [resident(worker)]
        with ThreadPoolExecutor(4) as threads:
            for _ in range(ROUNDS):
                assert set(threads.map(post, KINDS)) <= {400, 413, 503}
                held.append(resident(worker))
    figures(f"{ROUNDS * len(KINDS)} documents: {', '.join(map(str, held))} MiB")
    assert max(held) - max(held[: WARM_UP + 1]) < MOST_GROWTH_MIB
