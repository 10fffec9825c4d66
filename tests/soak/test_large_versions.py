"""A web process does not grow without a limit when many clients read or edit a large version at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import pytest

from tests.conftest import FreshDatabase
from tests.support.builders import Graph, M, draft, frozen, member_type, type_with
from tests.support.edits import given, members
from tests.support.http import message
from tests.support.load import user
from tests.support.processes import children, resident
from tests.support.raw import BASIC, exchange, request
from tests.support.real_service import Service, serving
from tests.support.served import eventually
from tests.support.solution_store import element

CLIENTS = 16
ROUNDS = 6
MEMBERS, BYTES = 55, 900_000
MIB = MEMBERS * BYTES // 1024**2
MOST_GROWTH_MIB = 1300
"""The memory that four responses or edits of 47 MiB may take at once, with what the allocator keeps of it."""


@dataclass
class Load:
    """A service with one web process, whose memory is measured at the end of each request."""

    service: Service
    users: Sequence[str]
    worker: int
    before: int
    statuses: Counter[int] = field(default_factory=Counter)
    highest: list[int] = field(default_factory=list)

    def run(self, bodies: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Send all requests at once, each from a client of its own. Yields the status and the size of each response."""

        def ask(body: str, user: str) -> tuple[int, int, int]:
            reply = exchange(self.service.url, request("/service", body.encode(), Authorization=user))
            return reply.status, len(reply.body), resident(self.worker)

        with ThreadPoolExecutor(len(bodies)) as clients:
            done = list(clients.map(ask, bodies, cycle(self.users)))
        self.highest.append(max(held for _, _, held in done))
        for status, size, _ in done:
            self.statuses[status] += 1
            yield status, size

    def figure(self, of: str) -> str:
        """The measured figures, in words."""
        return (
            f"{self.statuses.total()} {of} of {MIB} MiB by {CLIENTS} clients: {self.before} MiB before,"
            f" {', '.join(map(str, self.highest))} MiB, {resident(self.worker)} MiB after ({dict(self.statuses)})"
        )


@contextmanager
def under_load(fresh_database: FreshDatabase, log: Path) -> Iterator[Load]:
    """A service with a frozen version and a draft of 47 MiB."""
    with fresh_database(True) as url, serving(url, log, "--workers=1") as service:
        graph = Graph().node("L.m", member_type()).node("L.T", type_with("L.m.1")).node("L.U", type_with("L.m.1"))
        large = [M("L.m.1", value="x" * BYTES) for _ in range(MEMBERS)]
        graph.node("L.A", frozen(*large, type="L.T.1")).node("L.B", draft(*large, type="L.T.1"))
        assert service.post(graph.xml()).number == "0"
        [gunicorn] = children(service.served.process.pid)
        [worker] = eventually(lambda: children(gunicorn))
        users = [BASIC, *(user(service, name, "L") for name in ("ann", "bob"))]
        yield Load(service, users, worker, resident(worker))


@pytest.mark.ledger("PRO-25")
def test_many_readers_of_a_large_version_do_not_make_a_web_process_grow(
    fresh_database: FreshDatabase, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    body = message("GetNode", {"nodeVersionReference": "L.A.1"})
    with under_load(fresh_database, tmp_path / "serve.log") as load:
        for _ in range(ROUNDS):
            assert {size > MEMBERS * BYTES for status, size in load.run([body] * CLIENTS) if status == 200} == {True}
        figures(load.figure("requests for a version"))
    assert set(load.statuses) <= {200, 503}
    assert max(load.highest) - load.before < MOST_GROWTH_MIB


@pytest.mark.ledger("PRO-25")
def test_many_edits_of_a_large_draft_do_not_make_a_web_process_grow(
    fresh_database: FreshDatabase, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    edit = members({"L.m": [given(at=1, value="edited")]})
    fields = {"nodeVersionReference": "L.B"}
    bodies = [
        element("SetNode", action="edit", **fields),
        element("SetNode", edit, action="impact", **fields),
        element("SetNode", edit, action="update", **fields),
        message("ChangeNodeType", {"action": "force", **fields, "nodeVersionReferenceNewType": "L.U.1"}),
    ]
    with under_load(fresh_database, tmp_path / "serve.log") as load:
        for _ in range(ROUNDS):
            assert 200 in {status for status, _ in load.run(bodies * (CLIENTS // len(bodies)))}
        figures(load.figure("edits of a draft"))
    assert set(load.statuses) <= {200, 503}
    assert max(load.highest) - load.before < MOST_GROWTH_MIB
