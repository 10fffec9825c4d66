"""The time that the server waits for a client to send or to read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """The limits of a client. It may keep the server waiting for `seconds`, and gains a second for every `rate` bytes.

    At whatever rate, one request or response may take `most` seconds.
    """

    seconds: float = 20
    rate: int = 4096
    most: float = 3600


class ClientPatience:
    """The time that one client has left. A client that was fast never has more than a client that has just begun."""

    def __init__(self, pace: Pace, now: float) -> None:
        self._pace = pace
        self.deadline = now + pace.seconds

    def moved(self, size: int, now: float) -> None:
        """Note that the client has sent or read this many bytes."""
        self.deadline = min(self.deadline + size / self._pace.rate, now + self._pace.seconds)
