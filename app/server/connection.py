"""One connection of a client: the request that arrives, the response to send, and the phase of the connection."""

from __future__ import annotations

import select
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from app.identity.networks import network_of
from app.server.arrival import Arrival
from app.server.outgoing import Outgoing
from app.server.pace import ClientPatience, Pace
from app.server.slots import ClientSlot, Slots
from app.web.refusal import Refused

_LOOK_EVERY = 0.5


class Phase(Enum):
    """The phase of a connection. A thread owns the connection in AT_WORK, and the event loop in the other phases."""

    ARRIVING = "arriving"
    AT_WORK = "at work"
    SENDING = "sending"
    LINGERING = "lingering"
    CLOSED = "closed"


_WAITING = (Phase.LINGERING, Phase.ARRIVING, Phase.SENDING)
"""The phases in which a connection waits for its client, the least useful first."""


class ClientConnection:
    """A non-blocking socket, and the requests on it, one after the other."""

    def __init__(self, config: Any, connection: socket.socket, client: Any, server: Any, pace: Pace) -> None:  # noqa: ANN401
        connection.setblocking(False)
        self.socket = connection
        self.client = client
        self.server = server
        self.pace = pace
        self.phase = Phase.ARRIVING
        self.since = time.monotonic()
        """The time when the phase began."""
        self.patience = ClientPatience(pace, self.since)
        self.keep = False
        """Whether the connection stays open for another request after the response."""
        self.outgoing: Outgoing | None = None
        self.rest = b""
        self.drained = 0
        self._config = config
        self._peer = network_of(str(client[0])) if isinstance(client, tuple) else ""
        self._requests = 0
        self.arrival = self._next_arrival()

    @property
    def has_unsent(self) -> bool:
        """Whether a part of the response has not been sent yet."""
        return self.outgoing is not None and self.outgoing.has_unsent

    def network(self, proxies: int) -> str:
        """Return the network of the client, as named by this many trusted proxies if there are any."""
        if not proxies or self.arrival.request is None:
            return self._peer
        given = [value for name, value in self.arrival.request.headers if name == "X-FORWARDED-FOR"]
        named = [address.strip() for address in ",".join(given).split(",")]
        return network_of(named[-proxies]) if len(named) >= proxies else self._peer

    def enter(self, phase: Phase) -> None:
        """Begin a phase."""
        self.phase = phase
        self.since = time.monotonic()
        self.patience = ClientPatience(self.pace, self.since)

    def moved(self, size: int) -> None:
        """Note that the client has sent or read this many bytes."""
        self.patience.moved(size, time.monotonic())

    def begin_again(self) -> None:
        """Expect the next request. Its first bytes may have arrived with the previous request."""
        self.arrival = self._next_arrival()
        rest, self.rest = self.rest, b""
        if rest:
            self.arrival.feed(rest)

    def is_late(self, now: float, idle_seconds: float) -> bool:
        """Return whether the client has used up its time in the current phase."""
        if self.phase is Phase.AT_WORK:
            return False
        if self.phase is Phase.ARRIVING and not self.arrival.begun:
            return now - self.since > idle_seconds
        if self.phase is Phase.LINGERING:
            # The client has received its response: it gains no time by sending more bytes.
            return now - self.since > self.pace.seconds
        return now > self.patience.deadline or now - self.since > self.pace.most

    def _next_arrival(self) -> Arrival:
        self._requests += 1
        return Arrival(self._config, self.client, self._requests)


def first_to_close(
    connections: Iterable[ClientConnection], network: Callable[[ClientConnection], str]
) -> list[ClientConnection]:
    """Return the connections that wait for their clients, in the order in which to close them when room is lacking.

    The networks with the most connections come first, then sent responses before arriving requests, then the oldest.
    """
    waiting = [each for each in connections if each.phase in _WAITING]
    count = Counter(map(network, waiting))
    return sorted(waiting, key=lambda each: (-count[network(each)], _WAITING.index(each.phase), each.since))


class RestOfBody:
    """The part of a large body that is received while a thread works on the request.

    The thread waits for the client. `slots` limits the threads that do so; without a slot the request is refused.
    """

    def __init__(self, connection: ClientConnection, slots: Slots, network: str) -> None:
        self._socket = connection.socket
        self._pace = connection.pace
        self._patience = ClientPatience(connection.pace, now=0.0)
        self._began = time.monotonic()
        self._slots = slots
        self._network = network
        self._slot: ClientSlot | None = None
        self._waited = 0.0

    def receive(self, size: int) -> bytes:
        """Wait for the next bytes and return them; no bytes mean that the client has disconnected.

        Raises Refused if the bytes arrive too slowly or no slot is free.
        """
        if self._slot is None:
            self._slot = self._slots.take(self._network)
        while True:
            if self._slot is None or self._slot.lost:
                raise Refused(503, "other large requests are being received: try again", headers={"Retry-After": "5"})
            if time.monotonic() - self._began > self._pace.most:
                raise Refused(408, f"the request was not complete after {self._pace.most:g} seconds")
            try:
                data = self._socket.recv(size)
            except BlockingIOError:
                self._wait()
            except OSError:
                return b""
            else:
                self._slot.moved += len(data)
                self._patience.moved(len(data), self._waited)
                return data

    def close(self) -> None:
        """Give the slot back for another request."""
        if self._slot is not None:
            self._slots.give_back(self._slot)
            self._slot = None

    def _wait(self) -> None:
        began = time.monotonic()
        left = self._patience.deadline - self._waited
        if left <= 0:
            raise too_slow()
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.poll(max(1, min(left, _LOOK_EVERY) * 1000))
        self._waited += time.monotonic() - began


def too_slow() -> Refused:
    """Return the refusal of a request that does not arrive in time."""
    return Refused(408, "the request came too slowly")
