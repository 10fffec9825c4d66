"""Which clients a thread may wait for: so many at once, and none of them at the cost of all the others."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Final

FAIR_FACTOR: Final = 16
"""A client that moves so many times the least rate is not given up for another one of the same network."""


class ClientSlot:
    """The place of one client. It is `lost` when another client has got it."""

    def __init__(self, network: str, since: float) -> None:
        self.network = network
        self.since = since
        self.moved = 0
        self.lost = False

    def rate(self, now: float) -> float:
        """How many bytes a second the client has moved so far."""
        return self.moved / max(now - self.since, 0.001)


class Slots:
    """At most `count` slots at once, shared fairly among the networks of the clients.

    When all are taken, a client gets the slot of the slowest client of the network that has the most, if that has more
    than its own network would have then. Otherwise it gets the slot of a client that has been slow for `grace` seconds.
    Safe to use from many threads.
    """

    def __init__(self, count: int, fair_rate: float, grace: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._count = count
        self._fair_rate = fair_rate
        self._grace = grace
        self._clock = clock
        self._taken: set[ClientSlot] = set()
        self._lock = Lock()

    def take(self, network: str) -> ClientSlot | None:
        """Take a slot for a client of a network; None if the others have a better claim to all of them."""
        with self._lock:
            now = self._clock()
            if len(self._taken) >= self._count:
                victim = self._victim(network, now)
                if victim is None:
                    return None
                victim.lost = True
                self._taken.discard(victim)
            slot = ClientSlot(network, now)
            self._taken.add(slot)
            return slot

    def give_back(self, slot: ClientSlot) -> None:
        """Let another client have the slot."""
        with self._lock:
            self._taken.discard(slot)

    def _victim(self, network: str, now: float) -> ClientSlot | None:
        held = Counter(slot.network for slot in self._taken)
        most, count = held.most_common(1)[0]
        if count > held[network] + 1:
            return min((slot for slot in self._taken if slot.network == most), key=lambda slot: slot.rate(now))
        slow = [slot for slot in self._taken if now - slot.since > self._grace and slot.rate(now) < self._fair_rate]
        return min(slow, key=lambda slot: slot.rate(now), default=None)
