"""Slow clients and long forces of three users, for a minute: others wait at most two seconds on an idle machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median

from tests.support.load import FORCES, SLOW_REQUESTS, dripping, long_forces, runs, seconds
from tests.support.raw import connect
from tests.support.real_service import Service

SLOW_CLIENTS = 64
SECONDS = 60
WITHIN = 2.0


def test_slow_clients_beside_long_forces(service: Service, figures: Callable[[str], None]) -> None:
    """Each slow client that is refused is followed by another one."""
    with ExitStack() as stack, long_forces(service, "soak", users=3) as forces:
        slow = []
        for number in range(SLOW_CLIENTS):
            connection = stack.enter_context(connect(service.url))
            connection.sendall(SLOW_REQUESTS[number % len(SLOW_REQUESTS)])
            slow.append(connection)
        with dripping(slow):
            until = time.monotonic() + SECONDS
            times = []
            while time.monotonic() < until:
                times.append(seconds(service))
        states = runs(service.engine, "soak")
        refused = sum(force.done() for force in forces)
    done = sum(force.result().number == "0" for force in forces)
    figures(
        f"{len(times)} requests beside {SLOW_CLIENTS} slow clients and {FORCES} forces: median {median(times):.3f} s,"
        f" longest {max(times):.3f} s; {done} forces done, {refused} refused with a time to retry;"
        f" {sum(number for (_, state), number in states.items() if state == 'running')} were at work at the same time"
    )
    assert max(times) < WITHIN
    assert done + refused == FORCES
