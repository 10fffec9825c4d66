"""The rest of a large body has an overall deadline, and may lose its place to other clients."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from app.server.connection import ClientConnection, RestOfBody
from app.server.pace import Pace
from app.server.slots import Slots
from app.web.refusal import Refused

BLOCK = 65_536


@contextmanager
def receiving(pace: Pace, slots: Slots, network: str) -> Iterator[RestOfBody]:
    """A client that sends endlessly, and the object that receives its body."""
    ours, clients = socket.socketpair()

    def send() -> None:
        with clients:
            try:
                while True:
                    clients.sendall(b"x" * BLOCK)
            except OSError:
                return

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send)
        body = RestOfBody(ClientConnection(None, ours, ("192.0.2.1", 1), None, pace), slots, network)
        try:
            yield body
        finally:
            body.close()
            ours.close()
            sending.result()


def refusal(body: RestOfBody) -> Refused:
    """Receive until an exception refuses the body."""
    while True:
        try:
            assert body.receive(BLOCK)
        except Refused as refused:
            return refused


@pytest.mark.ledger("PRO-12")
def test_the_rest_of_a_body_has_a_deadline_at_any_rate() -> None:
    with receiving(Pace(20, 4096, most=0.2), Slots(1, 1, 20), "a") as body:
        refused = refusal(body)
    assert refused.status == 408
    assert "not complete after 0.2 seconds" in refused.description


def test_the_rest_of_a_body_is_refused_when_a_client_of_another_network_gets_its_place() -> None:
    slots = Slots(2, 1, 20)
    pace = Pace()
    with receiving(pace, slots, "a") as slow, receiving(pace, slots, "a") as fast, receiving(pace, slots, "b") as other:
        assert slow.receive(1)
        for _ in range(10):
            assert fast.receive(BLOCK)
        assert other.receive(BLOCK)
        assert refusal(slow).status == 503
        assert fast.receive(BLOCK)


def test_the_rest_of_a_body_without_a_place_is_refused_with_a_time_to_retry() -> None:
    slots = Slots(1, 1, 20)
    with receiving(Pace(), slots, "a") as first, receiving(Pace(), slots, "b") as second:
        assert first.receive(BLOCK)
        refused = refusal(second)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
        first.close()
    assert slots.take("b") is not None
