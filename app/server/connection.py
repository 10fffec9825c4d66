"""One connection of a client: what has come, what is to be sent, and what the connection waits for."""

from __future__ import annotations

import select
import socket
import time
from enum import Enum
from typing import Any

from app.identity.networks import network_of
from app.server.arrival import Arrival
from app.server.outgoing import Outgoing
from app.server.pace import Pace, Patience
from app.server.slots import ClientSlot, Slots
from app.wire.refusal import Refused

_LOOK_EVERY = 0.5


class Phase(Enum):
    """Who has the connection: the event loop, or a thread while the request is at work."""

    ARRIVING = "arriving"
    AT_WORK = "at work"
    SENDING = "sending"
    LINGERING = "lingering"
    CLOSED = "closed"


class ClientConnection:
    """A socket that never blocks, and the requests on it, one after the other."""

    def __init__(self, config: Any, connection: socket.socket, client: Any, server: Any, pace: Pace) -> None:  # noqa: ANN401
        connection.setblocking(False)
        self.socket = connection
        self.client = client
        self.server = server
        self.pace = pace
        self.phase = Phase.ARRIVING
        self.since = time.monotonic()
        """When the phase began."""
        self.patience = Patience(pace, self.since)
        self.keep = False
        """Whether the connection is to be used again after the response."""
        self.outgoing: Outgoing | None = None
        self.rest = b""
        self.drained = 0
        self._config = config
        self._peer = network_of(str(client[0])) if isinstance(client, tuple) else ""
        self._requests = 0
        self.arrival = self._next_arrival()

    def network(self, proxies: int) -> str:
        """The network of the client; behind so many trusted proxies, the one that they name."""
        if not proxies or self.arrival.request is None:
            return self._peer
        given = [value for name, value in self.arrival.request.headers if name == "X-FORWARDED-FOR"]
        named = [address.strip() for address in ",".join(given).split(",")]
        return network_of(named[-proxies]) if len(named) >= proxies else self._peer

    def enter(self, phase: Phase) -> None:
        """Begin a phase."""
        self.phase = phase
        self.since = time.monotonic()
        self.patience = Patience(self.pace, self.since)

    def moved(self, size: int) -> None:
        """The client has sent or read so many bytes."""
        self.patience.moved(size, time.monotonic())

    def begin_again(self) -> None:
        """Expect the next request, of which the beginning may have come with the one before."""
        self.arrival = self._next_arrival()
        rest, self.rest = self.rest, b""
        if rest:
            self.arrival.feed(rest)

    def is_late(self, now: float, idle_seconds: float) -> bool:
        """Whether the client has had its time in the present phase."""
        if self.phase is Phase.AT_WORK:
            return False
        if self.phase is Phase.ARRIVING and not self.arrival.begun:
            return now - self.since > idle_seconds
        if self.phase is Phase.LINGERING:
            # The client has got its response: it gains no time by what it still sends.
            return now - self.since > self.pace.seconds
        return now > self.patience.deadline or now - self.since > self.pace.most

    def _next_arrival(self) -> Arrival:
        self._requests += 1
        return Arrival(self._config, self.client, self._requests)


class RestOfBody:
    """The part of a large body that is received while a thread works on the request.

    The thread waits for the client. `slots` bounds how many threads do so; without a slot the request is refused.
    """

    def __init__(self, connection: ClientConnection, slots: Slots, network: str) -> None:
        self._socket = connection.socket
        self._pace = connection.pace
        self._patience = Patience(connection.pace, now=0.0)
        self._began = time.monotonic()
        self._slots = slots
        self._network = network
        self._slot: ClientSlot | None = None
        self._waited = 0.0

    def receive(self, size: int) -> bytes:
        """Wait for the next bytes; none mean that the client has gone. Raises Refused if they come too slowly."""
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
        """Let another request have the slot."""
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
    """The refusal of a request that does not come in its time."""
    return Refused(408, "the request came too slowly")
