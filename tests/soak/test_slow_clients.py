"""Slow clients and long forces of three users, for a minute: others wait at most two seconds on an idle machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import pytest

from tests.support.load import FORCES, is_over, long_forces, runs, seconds, slow_clients
from tests.support.real_service import Service

SLOW_CLIENTS = 64
SECONDS = 60
WITHIN = 2.0


@pytest.mark.ledger("PRO-10")
def test_slow_clients_beside_long_forces(service: Service, figures: Callable[[str], None]) -> None:
    """Each slow client that is refused is followed by another one."""
    times, waiting = [], []
    with long_forces(service, "soak", users=3) as forces:
        with slow_clients(service.url, SLOW_CLIENTS) as slow:
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                times.append(seconds(service))
                waiting.append(sum(not is_over(client) for client in slow))
        states = runs(service.engine, "soak")
        refused = sum(force.done() for force in forces)
    done = sum(force.result().number == "0" for force in forces)
    figures(
        f"{len(times)} requests beside {SLOW_CLIENTS} slow clients (at least {min(waiting)}, median"
        f" {median(waiting):.0f} of them waiting) and {FORCES} forces: median {median(times):.3f} s,"
        f" longest {max(times):.3f} s; {done} forces done, {refused} refused with a time to retry;"
        f" {sum(number for (_, state), number in states.items() if state == 'running')} were at work at the same time"
    )
    assert median(waiting) > SLOW_CLIENTS * 0.9
    assert max(times) < WITHIN
    assert done + refused == FORCES
