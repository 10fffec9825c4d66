"""Slow clients and long runs, and how long others wait beside them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from sqlalchemy import Engine, text

from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import message
from tests.support.raw import RawReply, exchange, request
from tests.support.real_service import Service
from tests.support.served import eventually

FORCES = 30
GET_SYSTEM = "<GetNode><nodeVersionReference>system</nodeVersionReference></GetNode>"
SLOW_REQUESTS = [
    request("/service", b"<", length=900),
    request("/service", b"<", length=50_000_000),
    request("/service", b"5\r\n<", Transfer_Encoding="chunked"),
    b"POST /service HTTP/1.1\r\nHost: ",
]
"""The beginnings of requests whose rest comes byte by byte."""


@contextmanager
def dripping(connections: list[socket.socket], data: bytes = b" ") -> Iterator[None]:
    """Send a byte on each connection every second, as long as the context lasts."""
    ended = Event()

    def drip() -> None:
        while not ended.wait(1):
            for connection in connections:
                try:
                    connection.send(data)
                except OSError:
                    ended.wait(0)

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(drip)
        try:
            yield
        finally:
            ended.set()
            future.result()


def seconds(service: Service) -> float:
    """How long the slower of the two requests takes."""
    began = time.monotonic()
    assert exchange(service.url, request("/healthz", method="GET")).status == 200
    between = time.monotonic()
    assert service.post(GET_SYSTEM).number == "0"
    return max(between - began, time.monotonic() - between)


def allowed(service: Service) -> float:
    """Returns how long a small request may take beside other clients, in seconds.

    The limit is two seconds on a machine that has nothing else to do. This machine may be busy with other tests:
    the time that the requests take at present is allowed for.
    """
    return 2.0 + 5 * max(seconds(service) for _ in range(5))


@contextmanager
def long_forces(service: Service, prefix: str) -> Iterator[list[Future[RawReply]]]:
    """As many forces at once, each of which would take as long as the context lasts."""
    graph = Graph()
    for number in range(FORCES):
        graph.node(f"{prefix}{number}.A", frozen(*links(f"{prefix}{number}.B.1")))
        graph.node(f"{prefix}{number}.B", frozen(), draft())
    assert service.post(graph.xml()).number == "0"
    elements = {"action": "force", "updateContentIndicator": "true"}
    with ThreadPoolExecutor(FORCES) as pool, service.engine.connect() as connection:
        connection.execute(
            text("SELECT FROM node WHERE node_reference LIKE :pattern FOR UPDATE"), {"pattern": f"{prefix}%.A"}
        )
        forces = [
            pool.submit(service.post, message("UpdateNodeVersions", {"nodeReference": f"{prefix}{number}", **elements}))
            for number in range(FORCES)
        ]
        try:
            eventually(lambda: _waiting(service.engine, prefix) + sum(force.done() for force in forces) == FORCES)
            yield forces
        finally:
            connection.rollback()


def _waiting(engine: Engine, prefix: str) -> int:
    with engine.connect() as connection:
        query = text(
            "SELECT count(*) FROM run WHERE state IN ('queued', 'running') AND starts_with(context_reference, :prefix)"
        )
        return int(connection.execute(query, {"prefix": prefix}).scalar_one())
