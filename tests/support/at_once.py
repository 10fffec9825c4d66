"""Concurrent requests: a run that waits for a node, while others work on its package."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import ADMIN, PASSWORD, Client, message


def send(app: Flask, name: str, **elements: str) -> TestResponse:
    """A response from a thread of its own. The caller that waits for it checks it."""
    body = message(name, elements)
    response = app.test_client().post(
        "/service", data=body, content_type="application/xml", auth=(ADMIN, PASSWORD), buffered=True
    )
    assert response.status_code == 200, response.text
    return response


def force(app: Flask, reference: str) -> TestResponse:
    given = {"nodeReference": reference, "action": "force", "updateContentIndicator": "true"}
    return send(app, "UpdateNodeVersions", **given)


def number(response: TestResponse) -> str:
    return response.headers["Relink-Error-Number"]


@contextmanager
def held(engine: Engine, reference: str) -> Iterator[None]:
    """Lock a node, so that nobody can write it while the context lasts."""
    with engine.connect() as connection:
        connection.execute(text("SELECT FROM node WHERE node_reference = :r FOR NO KEY UPDATE"), {"r": reference})
        yield


def wait_until_done(client: Client, commits: int) -> None:
    """Wait until the first run of the store has made this many commits."""
    deadline = time.monotonic() + 30
    browser = client.app.test_client()
    while time.monotonic() < deadline:
        run = browser.get("/runs/1", auth=(ADMIN, PASSWORD)).json
        if run is not None and run.get("done", 0) >= commits:
            return
    raise AssertionError(f"the run has not made {commits} commits")


def chain() -> Graph:
    """P.A links to P.B, P.B to P.C and P.C to P.D, which has a draft. So the run begins with P.C."""
    return (
        Graph()
        .node("P.A", frozen(*links("P.B.1")))
        .node("P.B", frozen(*links("P.C.1")))
        .node("P.C", frozen(*links("P.D.1")))
        .node("P.D", frozen(), draft())
        .node("P.E", frozen())
    )


@contextmanager
def interrupted(client: Client, engine: Engine, threads: ThreadPoolExecutor) -> Iterator[Future[TestResponse]]:
    """Yield a run that has done P.C and waits for P.B. It continues when the context ends."""
    with held(engine, "P.B"):
        run = threads.submit(force, client.app, "P")
        wait_until_done(client, 1)
        yield run
