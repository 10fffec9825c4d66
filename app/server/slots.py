"""Limits the clients that threads may wait for, and shares the slots fairly among networks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Final

FAIR_FACTOR: Final = 16
"""A client at this many times the minimum rate does not lose its slot to another client of the same network."""


class ClientSlot:
    """The slot of one client. It is `lost` when it was given to another client."""

    def __init__(self, network: str, since: float) -> None:
        self.network = network
        self.since = since
        self.moved = 0
        self.lost = False

    def rate(self, now: float) -> float:
        """Return the bytes per second that the client has moved so far."""
        return self.moved / max(now - self.since, 0.001)


class Slots:
    """At most `count` slots at once, shared fairly among the networks of the clients.

    When all slots are taken, a new client gets the slot of the slowest client of the network with the most slots, if
    that network has more than the client's own network would have then. Otherwise it gets the slot of a client that has
    been slow for `grace` seconds. Safe to use from many threads.
    """

    def __init__(self, count: int, fair_rate: float, grace: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._count = count
        self._fair_rate = fair_rate
        self._grace = grace
        self._clock = clock
        self._taken: set[ClientSlot] = set()
        self._lock = Lock()

    def take(self, network: str) -> ClientSlot | None:
        """Take a slot for a client of a network. Returns None if no slot is free or can be taken from a client."""
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
        """Free the slot for another client."""
        with self._lock:
            self._taken.discard(slot)

    def _victim(self, network: str, now: float) -> ClientSlot | None:
        held = Counter(slot.network for slot in self._taken)
        most, count = held.most_common(1)[0]
        if count > held[network] + 1:
            return min((slot for slot in self._taken if slot.network == most), key=lambda slot: slot.rate(now))
        slow = [slot for slot in self._taken if now - slot.since > self._grace and slot.rate(now) < self._fair_rate]
        return min(slow, key=lambda slot: slot.rate(now), default=None)
