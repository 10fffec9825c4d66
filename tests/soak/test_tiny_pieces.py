"""Clients that send very many small pieces: others wait at most two seconds on an idle machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import pytest

from tests.support.load import allowed, chunking_clients, holding_clients, is_over, seconds
from tests.support.real_service import Service

CHUNKING_CLIENTS = 8
HOLDING_CLIENTS = 400
SECONDS = 30
ROUNDS = 3
ROUND = 12
"""No client is refused as too slow within this time."""


def measured(service: Service, length: float) -> list[float]:
    """Return how long small requests take during this many seconds."""
    times = []
    until = time.monotonic() + length
    while time.monotonic() < until:
        times.append(seconds(service))
    return times


def in_words(times: list[float]) -> str:
    return f"{len(times)} requests: median {median(times):.3f} s, longest {max(times):.3f} s"


@pytest.mark.ledger("PRO-11")
def test_bodies_in_the_smallest_chunks(service: Service, figures: Callable[[str], None]) -> None:
    within = allowed(service)
    with chunking_clients(service.url, CHUNKING_CLIENTS):
        times = measured(service, SECONDS)
    figures(f"beside {CHUNKING_CLIENTS} clients that send bodies in the smallest chunks, {in_words(times)}")
    assert max(times) < within


@pytest.mark.ledger("PRO-11")
def test_large_requests_that_come_byte_by_byte(service: Service, figures: Callable[[str], None]) -> None:
    within = allowed(service)
    times: list[float] = []
    for _ in range(ROUNDS):
        with holding_clients(service.url, HOLDING_CLIENTS, every=0.5) as clients:
            times += measured(service, ROUND)
            assert not any(is_over(client) for client in clients)
    figures(f"beside {HOLDING_CLIENTS} large requests that come byte by byte, {in_words(times)}")
    assert max(times) < within
