"""A web process does not grow without a limit when many clients read a large version at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conftest import FreshDatabase
from tests.support.builders import Graph, M, frozen, member_type, type_with
from tests.support.http import message
from tests.support.processes import children, resident
from tests.support.raw import BASIC, exchange, request
from tests.support.real_service import serving
from tests.support.served import eventually

CLIENTS = 16
ROUNDS = 3
MEMBERS, BYTES = 55, 900_000
MOST_GROWTH_MIB = 1000
"""What four responses of 47 MiB may take that are built at once, and what the allocator keeps of it."""


def test_many_readers_of_a_large_version_do_not_make_a_web_process_grow(
    fresh_database: FreshDatabase, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    with fresh_database(True) as url, serving(url, tmp_path / "serve.log", "--workers=1") as service:
        graph = Graph().node("L.m", member_type()).node("L.T", type_with("L.m.1"))
        graph.node("L.A", frozen(*(M("L.m.1", value="x" * BYTES) for _ in range(MEMBERS)), type="L.T.1"))
        assert service.post(graph.xml()).number == "0"
        [gunicorn] = children(service.served.process.pid)
        [worker] = eventually(lambda: children(gunicorn))
        body = request("/service", message("GetNode", {"nodeVersionReference": "L.A.1"}).encode(), Authorization=BASIC)

        def read(_: int) -> tuple[int, int, int]:
            reply = exchange(service.url, body)
            return reply.status, len(reply.body), resident(worker)

        before = resident(worker)
        statuses: Counter[int] = Counter()
        highest = []
        with ThreadPoolExecutor(CLIENTS) as clients:
            for _ in range(ROUNDS):
                done = list(clients.map(read, range(CLIENTS)))
                statuses.update(status for status, _, _ in done)
                assert {size > MEMBERS * BYTES for status, size, _ in done if status == 200} == {True}
                highest.append(max(held for _, _, held in done))
        after = resident(worker)
    figures(
        f"{statuses.total()} requests of {CLIENTS} clients for a version of {MEMBERS * BYTES // 1024**2} MiB:"
        f" {before} MiB before, {', '.join(map(str, highest))} MiB, {after} MiB after ({dict(statuses)})"
    )
    assert set(statuses) <= {200, 503}
    assert max(highest) - before < MOST_GROWTH_MIB
