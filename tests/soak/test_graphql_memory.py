"""A web process does not grow with the responses that several clients of GraphQL ask for at the same time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.application import create_app
from app.settings import Settings
from app.solutions.people.tokens import authorize
from tests.conftest import FreshDatabase
from tests.graphql.test_response_size import fill
from tests.server.test_memory_of_responses import GREEDY
from tests.support.http import SECRET_KEY, Client
from tests.support.processes import children, resident
from tests.support.raw import exchange, request
from tests.support.real_service import serving
from tests.support.served import eventually
from tests.support.solution_store import Store, config_slot

CLIENTS = 4
ROUNDS = 10
MOST_GROWTH_MIB = 640
"""The memory for the responses that are built at once: an eighth of the threads build one of 160 MiB each."""


@pytest.mark.ledger("PRO-25")
def test_greedy_queries_of_several_clients_do_not_make_a_web_process_grow(
    fresh_database: FreshDatabase, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    with fresh_database(True) as url, serving(url, tmp_path / "serve.log", "--workers=1") as service:
        store = Store(Client(create_app(Settings(secret_key=SECRET_KEY), service.engine)))
        ann = store.user("Ann")
        solution = store.published(config=[config_slot("a")])
        fill(service.engine, solution, ann, 250, 900_000)
        with service.engine.begin() as connection:
            bearer = f"Bearer {authorize(connection, ann)}"
        [gunicorn] = children(service.served.process.pid)
        [worker] = eventually(lambda: children(gunicorn))

        def post(query: str) -> tuple[int, int]:
            body = json.dumps({"query": query}).encode()
            reply = exchange(
                service.url,
                request("/graphql", body, Authorization=bearer, Content_Type="application/json"),
            )
            return reply.status, resident(worker)

        before = resident(worker)
        statuses: Counter[int] = Counter()
        highest = []
        with ThreadPoolExecutor(CLIENTS) as clients:
            for _ in range(ROUNDS):
                done = list(clients.map(post, [query for query in GREEDY.values() for _ in range(CLIENTS)]))
                statuses.update(status for status, _ in done)
                highest.append(max(held for _, held in done))
    figures(
        f"{statuses.total()} greedy queries of {CLIENTS} clients: {before} MiB before,"
        f" {', '.join(map(str, highest))} MiB ({dict(statuses)})"
    )
    assert set(statuses) <= {200, 503}
    assert statuses[200] > 0
    assert max(highest) - before < MOST_GROWTH_MIB
    assert max(highest[ROUNDS // 2 :]) - max(highest[: ROUNDS // 2]) < MOST_GROWTH_MIB // 10
