"""A process keeps a bounded amount of requests that are still arriving, and their pieces delay no other client."""

from __future__ import annotations

import select
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import repeat

import pytest

from app.server.worker import MOST_HELD
from tests.support.load import chunking_clients, holding_clients, is_over, served_in_time
from tests.support.processes import resident
from tests.support.raw import BASIC, connect, exchange, read_reply, request
from tests.support.real_service import Service

MIB = 1024 * 1024
CLIENTS = 8
HOLDING_CLIENTS = 400
SECONDS = 2


@pytest.mark.ledger("PRO-28")
@pytest.mark.usefixtures("patient_process")
def test_the_oldest_large_request_gives_way(patient_service: Service) -> None:
    """All requests come from one network and lack the last byte. Together they are larger than what is kept."""
    incomplete = request("/service", b"<GetNode>" + b" " * (MIB - 10), length=MIB, Authorization=BASIC)
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(patient_service.url)) for _ in range(MOST_HELD // MIB)]
        for client in clients:
            client.sendall(incomplete)
        assert select.select(clients, [], [], 30)[0] == clients[:1]
        refused = read_reply(clients[0])
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        assert b"too many large requests" in refused.body
        # The others get their responses when they are complete.
        for client in clients[1:]:
            client.sendall(b">")
            assert read_reply(client).status == 400


@pytest.mark.soak
@pytest.mark.ledger("DEC-388", "PRO-28")
def test_a_body_that_nobody_reads_does_not_stay(patient_service: Service, patient_process: int) -> None:
    unread = request("/nowhere", b"x" * MIB)
    with ThreadPoolExecutor(CLIENTS) as clients:

        def resident_after(requests: int) -> int:
            replies = clients.map(exchange, repeat(patient_service.url), [unread] * requests)
            assert {reply.status for reply in replies} == {404}
            return resident(patient_process)

        before = resident_after(2 * CLIENTS)
        assert resident_after(128) - before < 64


@pytest.mark.soak
@pytest.mark.ledger("DEC-418", "PRO-11")
@pytest.mark.usefixtures("patient_process")
def test_bodies_in_the_smallest_chunks_delay_no_other_client(patient_service: Service) -> None:
    others_are_served = served_in_time(patient_service)
    with chunking_clients(patient_service.url, CLIENTS):
        others_are_served()


@pytest.mark.ledger("DEC-419", "PRO-11")
@pytest.mark.usefixtures("patient_process")
def test_many_large_requests_that_come_byte_by_byte_delay_no_other_client(patient_service: Service) -> None:
    others_are_served = served_in_time(patient_service)
    with holding_clients(patient_service.url, HOLDING_CLIENTS, every=0.2) as clients:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            others_are_served()
        assert not any(is_over(client) for client in clients)
