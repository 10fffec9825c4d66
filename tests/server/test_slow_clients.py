"""Clients that send or read slowly do not delay other clients, and the service does not wait for them forever."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from threading import Event

import pytest

from app.runs.turns import Places, Shares
from app.settings import FEWEST_THREADS, Settings
from tests.server.conftest import CLIENT_SECONDS
from tests.support.builders import Graph, M, frozen
from tests.support.load import (
    FORCES,
    allowed,
    dripping,
    is_over,
    long_forces,
    runs,
    served_in_time,
    slow_clients,
)
from tests.support.raw import BASIC, connect, exchange, read_reply, request
from tests.support.real_service import Service
from tests.support.served import eventually

SLOW_CLIENTS = 64
PROCESSES = 2
PLACES = Places(Shares.of(Settings()).runs, Shares.of(Settings()).runs_waiting)
"""How many forces a process does at once, and how many more it queues, by default."""
CUT_OFF = "a response was cut off: the client is too slow to read the response"
MIB = 1024 * 1024


@pytest.fixture
def opened(service: Service) -> Iterator[Callable[[bytes], socket.socket]]:
    """Open connections and send the beginnings of requests on them; they are closed at the end."""
    with ExitStack() as stack:

        def connected(data: bytes) -> socket.socket:
            connection = stack.enter_context(connect(service.url))
            connection.sendall(data)
            return connection

        yield connected


@pytest.mark.ledger("PRO-10")
def test_slow_clients_and_long_forces_delay_no_other_client(service: Service) -> None:
    others_are_served = served_in_time(service)
    with long_forces(service, "slow", users=3) as forces:
        with slow_clients(service.url, SLOW_CLIENTS) as slow:
            others_are_served()
            assert sum(not is_over(client) for client in slow) >= SLOW_CLIENTS // 2
        states = runs(service.engine, "slow")
        at_work = {user: number for (user, state), number in states.items() if state == "running"}
        assert len(at_work) >= 2
        assert max(at_work.values()) <= PROCESSES * PLACES.of_one_user.at_work
        assert sum(at_work.values()) <= PROCESSES * PLACES.at_work < states.total()
        refused = [force.result() for force in forces if force.done()]
        assert all((reply.status, reply.number) == (503, "106") for reply in refused)
    replies = [force.result() for force in forces]
    assert {reply.number for reply in replies} <= {"0", "106"}
    assert sum(reply.number == "0" for reply in replies) == FORCES - len(refused)


@pytest.mark.ledger("PRO-12")
@pytest.mark.parametrize(
    "begun",
    [b"POST /service HTTP/1.1\r\nHost: ", request("/service", b"<", length=900),
     request("/service", b"5\r\n<", Transfer_Encoding="chunked")],
)  # fmt: skip
def test_a_request_has_a_deadline(service: Service, opened: Callable[[bytes], socket.socket], begun: bytes) -> None:
    within = CLIENT_SECONDS + allowed(service)
    connection = opened(begun)
    began = time.monotonic()
    with dripping([connection]):
        reply = read_reply(connection)
    assert (reply.status, reply.number) == (408, "103")
    assert time.monotonic() - began < within
    assert reply.headers["connection"] == "close"


@pytest.mark.ledger("PRO-12")
def test_a_large_body_has_a_minimum_rate_too(service: Service, opened: Callable[[bytes], socket.socket]) -> None:
    """The rest of a body that is too large for the memory is received while a thread works on the request."""
    connection = opened(
        request("/service", b"<NodeImport><NodeList>" + b" " * 2 * MIB, length=50 * MIB, Authorization=BASIC)
    )
    with dripping([connection]):
        assert read_reply(connection).status in {408, 503}


@pytest.mark.ledger("PRO-13")
def test_large_bodies_that_come_slowly_leave_threads_for_others(
    service: Service, opened: Callable[[bytes], socket.socket]
) -> None:
    head = request("/service", b"<NodeImport><NodeList>" + b" " * 2 * MIB, length=50 * MIB, Authorization=BASIC)
    others_are_served = served_in_time(service)
    slow = [opened(head) for _ in range(SLOW_CLIENTS)]
    with dripping(slow):
        others_are_served()
    statuses = {read_reply(connection).status for connection in slow}
    assert statuses <= {408, 503}


def large_node(service: Service, reference: str) -> bytes:
    """Store a node of 7 MB; returns the request that reads it."""
    large = Graph().node(reference, frozen(*(M(value="x" * 800_000) for _ in range(9))))
    assert service.post(large.xml()).number == "0"
    body = f"<GetNode><nodeVersionReference>{reference}</nodeVersionReference></GetNode>"
    return request("/service", body.encode(), Authorization=BASIC)


def cut_off(service: Service) -> int:
    """How many responses have been cut off, because their clients do not read."""
    return service.log().count(CUT_OFF)


def refused(service: Service) -> int:
    """How many requests were refused because all turns were taken."""
    return service.log().count('"status": 503')


@pytest.mark.ledger("PRO-13")
@pytest.mark.usefixtures("small_process")
def test_clients_that_do_not_read_leave_threads_for_others(shared_small_service: Service) -> None:
    """There are more clients than threads, and each response is larger than the buffers of the system."""
    read = large_node(shared_small_service, "large.A")
    before = cut_off(shared_small_service), refused(shared_small_service)
    others_are_served = served_in_time(shared_small_service)
    with ExitStack() as stack:
        for _ in range(FEWEST_THREADS + 2):
            connection = stack.enter_context(connect(shared_small_service.url, receive_buffer=4096))
            connection.sendall(read)
        eventually(lambda: len(exchange(shared_small_service.url, read).body) > 7_000_000)
        others_are_served()
        # Some requests get no turn for a large response, since one user has only a few turns.
        many = sum(before) + FEWEST_THREADS + 2
        eventually(lambda: cut_off(shared_small_service) + refused(shared_small_service) >= many)
        eventually(lambda: cut_off(shared_small_service) > before[0])


@pytest.mark.soak
@pytest.mark.ledger("PRO-13")
@pytest.mark.usefixtures("small_process")
def test_a_client_that_reads_at_a_fair_rate_gets_all_beside_clients_that_do_not(shared_small_service: Service) -> None:
    """The client is too slow for a thread to wait for it, and there are more other clients than threads."""
    read = large_node(shared_small_service, "fair.A")
    with ExitStack() as stack:
        fair = stack.enter_context(connect(shared_small_service.url, receive_buffer=4096))
        fair.sendall(read)
        # It has its turn of a large response before the others ask for one.
        assert fair.recv(1, socket.MSG_PEEK)
        for _ in range(FEWEST_THREADS + 2):
            connection = stack.enter_context(connect(shared_small_service.url, receive_buffer=4096))
            connection.sendall(read)
        received = 0
        while block := fair.recv(4096):
            received += len(block)
            if received < 400_000:
                Event().wait(0.01)
    assert received > 7_000_000


@pytest.mark.soak
@pytest.mark.ledger("PRO-13")
@pytest.mark.usefixtures("small_process")
def test_a_client_that_reads_slowly_is_cut_off(shared_small_service: Service) -> None:
    read = large_node(shared_small_service, "slow.A")
    before = cut_off(shared_small_service)
    with connect(shared_small_service.url, receive_buffer=4096) as connection:
        connection.sendall(read)
        eventually(lambda: cut_off(shared_small_service) > before)
        with pytest.raises((OSError, HTTPException)):
            read_reply(connection)


@pytest.mark.ledger("PRO-13")
def test_after_a_lack_of_file_descriptors_as_many_clients_are_served_as_before(
    shared_small_service: Service, small_process: int
) -> None:
    health = request("/healthz", method="GET")
    before = resource.prlimit(small_process, resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(connect(shared_small_service.url))
        # Connections are accepted in their order, so that the process has all of them when it has handled this one.
        assert exchange(shared_small_service.url, health).status == 200
        used = len(list(Path(f"/proc/{small_process}/fd").iterdir()))
        resource.prlimit(small_process, resource.RLIMIT_NOFILE, (used + 2, before[1]))
        for _ in range(10):
            stack.enter_context(connect(shared_small_service.url))
        # The oldest clients, which have sent nothing, make room for others, and for the files that a request opens.
        assert exchange(shared_small_service.url, health).status == 200
    resource.prlimit(small_process, resource.RLIMIT_NOFILE, before)
    kept = request("/healthz", method="GET", Connection="keep-alive")
    with ExitStack() as stack:
        many = [stack.enter_context(connect(shared_small_service.url)) for _ in range(100)]
        for connection in many:
            connection.sendall(kept)
        assert {read_reply(connection).status for connection in many} == {200}


@pytest.mark.ledger("PRO-13")
def test_an_idle_connection_holds_no_thread(service: Service, opened: Callable[[bytes], socket.socket]) -> None:
    others_are_served = served_in_time(service)
    kept = [opened(request("/healthz", method="GET", Connection="keep-alive")) for _ in range(4 * SLOW_CLIENTS)]
    assert {read_reply(connection).headers["connection"] for connection in kept} == {"keep-alive"}
    others_are_served()
