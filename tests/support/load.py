"""Slow clients and long runs, and the time that other clients wait meanwhile."""

from __future__ import annotations

import select
import socket
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPException
from threading import Event

from sqlalchemy import Engine, text

from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import message
from tests.support.raw import BASIC, RawReply, connect, exchange, request
from tests.support.real_service import Service
from tests.support.served import eventually

FORCES = 30
MIB = 1024 * 1024
HELD = 66_000
"""An incomplete request with this many bytes counts as large."""
GET_SYSTEM = "<GetNode><nodeVersionReference>system</nodeVersionReference></GetNode>"
SLOW_REQUESTS = [
    request("/service", b"<", length=900),
    request("/service", b"<", length=50_000_000),
    request("/service", b"fffffff\r\n<", Transfer_Encoding="chunked"),
    b"POST /service HTTP/1.1\r\nHost: ",
]
"""The beginnings of requests whose rest comes byte by byte."""


_TINY = b"1\r\na\r\n"
_SMALL = b"10\r\n0123456789abcdef\r\n"
CHUNKED_BODIES = [chunk * (MIB // len(chunk)) + b"0\r\n\r\n" for chunk in (_TINY, _SMALL)]
"""Bodies of a MiB in the smallest chunks: of a byte, and of as many bytes as any number of chunks may have."""
CHUNKED_REQUESTS = [
    request(path, body, Transfer_Encoding="chunked")
    for body in CHUNKED_BODIES
    for path in ("/healthz", "/service", "/nowhere")
]


@contextmanager
def dripping(connections: list[socket.socket], data: bytes = b" ", every: float = 1) -> Iterator[None]:
    """Send a byte on each connection every second, or more often, as long as the context lasts."""
    ended = Event()

    def drip() -> None:
        while not ended.wait(every):
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


@contextmanager
def slow_clients(url: str, number: int) -> Iterator[list[socket.socket]]:
    """This many clients that send a byte every second, as long as the context lasts.

    A client that got a response, or whose connection was closed, is followed by another one within a second.
    """
    ended = Event()
    clients = [_begun(url, place) for place in range(number)]

    def drip() -> None:
        while not ended.wait(1):
            for place, client in enumerate(clients):
                try:
                    if not is_over(client):
                        client.send(b" ")
                        continue
                except OSError:
                    pass
                client.close()
                clients[place] = _begun(url, place)

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(drip)
        try:
            yield clients
        finally:
            ended.set()
            future.result()
            for client in clients:
                client.close()


def is_over(client: socket.socket) -> bool:
    """Whether the service has sent a response, or the connection was closed."""
    return client.fileno() < 0 or bool(select.select([client], [], [], 0)[0])


def _begun(url: str, place: int) -> socket.socket:
    client = connect(url)
    client.sendall(SLOW_REQUESTS[place % len(SLOW_REQUESTS)])
    return client


@contextmanager
def chunking_clients(url: str, number: int) -> Iterator[None]:
    """This many clients that send bodies in the smallest chunks, one after the other, as long as the context lasts."""
    ended = Event()

    def send(place: int) -> None:
        while not ended.is_set():
            with suppress(OSError, HTTPException):
                exchange(url, CHUNKED_REQUESTS[place % len(CHUNKED_REQUESTS)])
            place += 1

    with ThreadPoolExecutor(number) as pool:
        clients = [pool.submit(send, place) for place in range(number)]
        try:
            yield
        finally:
            ended.set()
            for client in clients:
                client.result()


@contextmanager
def holding_clients(url: str, number: int, every: float) -> Iterator[list[socket.socket]]:
    """This many clients that have sent a part of a large request, and send another byte now and then."""
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(url)) for _ in range(number)]
        for client in clients:
            client.sendall(request("/service", b"<" * HELD, length=MIB))
        with dripping(clients, every=every):
            yield clients


def seconds(service: Service) -> float:
    """The time of the slower one of the two requests."""
    began = time.monotonic()
    assert exchange(service.url, request("/healthz", method="GET")).status == 200
    between = time.monotonic()
    assert service.post(GET_SYSTEM).number == "0"
    return max(between - began, time.monotonic() - between)


def allowed(service: Service) -> float:
    """Return how long a small request may take beside other clients, in seconds.

    The limit is two seconds on a machine that has nothing else to do. This machine may be busy with other tests:
    the time that the requests take at present is allowed for.
    """
    return 2.0 + 5 * max(seconds(service) for _ in range(5))


def served_in_time(service: Service) -> Callable[[], None]:
    """Return a check that `/healthz` and a small request of a signed-in user get their responses in time."""
    within = allowed(service)

    def check() -> None:
        for _ in range(5):
            assert seconds(service) < within

    return check


def user(service: Service, logon: str, package: str) -> str:
    """Create a user who administers a package; returns the header field of HTTP Basic."""
    created = {"userLogonReferenceCreate": logon, "passwordCreate": logon * 5}
    assert service.post(message("CreateUser", created)).number == "0"
    permission = {
        "permissionTypeReference": "package-administer", "userGroupReference": logon, "objectReference": package,
    }  # fmt: skip
    assert service.post(message("CreatePermission", permission)).number == "0"
    return "Basic " + b64encode(f"{logon}:{logon * 5}".encode()).decode()


@contextmanager
def long_forces(service: Service, prefix: str, users: int = 0) -> Iterator[list[Future[RawReply]]]:
    """As many forces at once, each of which would take as long as the context lasts.

    They are forces of the user who may do everything or, in turn, of this number of users, each of whom administers
    a package: `prefix0`, `prefix1` and so on.
    """
    packages = [f"{prefix}{number % users}.P{number}" if users else f"{prefix}{number}" for number in range(FORCES)]
    graph = Graph()
    for package in packages:
        graph.node(f"{package}.A", frozen(*links(f"{package}.B.1")))
        graph.node(f"{package}.B", frozen(), draft())
    assert service.post(graph.xml()).number == "0"
    signed_in = [user(service, f"{prefix}user{number}", f"{prefix}{number}") for number in range(users)] or [BASIC]

    def force(number: int) -> RawReply:
        elements = {"nodeReference": packages[number], "action": "force", "updateContentIndicator": "true"}
        body = message("UpdateNodeVersions", elements).encode()
        return exchange(service.url, request("/service", body, Authorization=signed_in[number % len(signed_in)]))

    with ThreadPoolExecutor(FORCES) as pool, service.engine.connect() as connection:
        connection.execute(
            text("SELECT FROM node WHERE node_reference LIKE :pattern FOR UPDATE"), {"pattern": f"{prefix}%.A"}
        )
        forces = [pool.submit(force, number) for number in range(FORCES)]
        try:
            eventually(lambda: runs(service.engine, prefix).total() + sum(force.done() for force in forces) == FORCES)
            yield forces
        finally:
            connection.rollback()


def runs(engine: Engine, prefix: str) -> Counter[tuple[str, str]]:
    """Return how many runs of each user are at work and wait: `{(user, state): number}`."""
    query = text("""
        SELECT u.user_logon_reference, r.state, count(*)
        FROM run r JOIN account u USING (user_identifier)
        WHERE r.state IN ('queued', 'running') AND starts_with(r.context_reference, :prefix) GROUP BY 1, 2
    """)
    with engine.connect() as connection:
        rows = connection.execute(query, {"prefix": prefix})
        return Counter({(logon, state): number for logon, state, number in rows})
