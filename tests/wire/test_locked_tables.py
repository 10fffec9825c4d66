"""A table that another session has locked, as ALTER TABLE does: short requests get 503 in time, long ones wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from app.solutions.people.tokens import create_master_token
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import ADMIN, PASSWORD, Client, Reply, message

DEADLINE = 10.0
SMALL = message("GetNode", {"nodeVersionReference": "P.A"})
QUERY = {"query": "{ viewer { solutions(first: 1) { totalCount } } }"}


@contextmanager
def locked(engine: Engine, table: str) -> Iterator[None]:
    with engine.connect() as connection:
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        try:
            yield
        finally:
            connection.rollback()


def is_refused_in_time(response: TestResponse, began: float) -> None:
    assert response.status_code == 503, response.text
    assert response.headers["Retry-After"] == "5"
    assert response.headers["Relink-Error-Number"] == "100"
    assert "the database is busy" in response.text
    assert time.monotonic() - began < DEADLINE


def test_sign_in_and_short_requests_get_503_in_time(client: Client, engine: Engine) -> None:
    """The account is locked for the first two, the token for the third, nodes for the fourth."""
    client.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    with engine.begin() as connection:
        token = create_master_token(connection, "Partner").token
    tested = client.app.test_client
    with ThreadPoolExecutor(4) as pool:
        began = time.monotonic()
        with locked(engine, "account, access_token, node_version"):
            replies = [
                pool.submit(client.post, SMALL),
                pool.submit(client.as_user(None).post, message("GetNode", {"nodeVersionReference": "system"})),
            ]
            responses = [
                pool.submit(lambda: tested().get("/runs", auth=(ADMIN, PASSWORD))),
                pool.submit(
                    lambda: tested().post("/graphql", json=QUERY, headers={"Authorization": f"Bearer {token}"})
                ),
            ]
            for reply in replies:
                is_refused_in_time(reply.result().response, began)
            for response in responses:
                is_refused_in_time(response.result(), began)
    assert client.post(SMALL).number == 0
    assert client.update("P").number == 0


def test_long_requests_wait(client: Client, engine: Engine) -> None:
    """A force that waits for a lock continues when it gets the lock, even if short requests were refused meanwhile."""
    client.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    with ThreadPoolExecutor(1) as pool:
        with locked(engine, "node_version"):
            force: Future[Reply] = pool.submit(client.update, "P", "force")
            assert client.post(SMALL).status == 503
            assert not force.done()
        assert force.result().number == 0
