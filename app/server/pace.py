"""How long the server waits for a client to send or to read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """A client may keep the server waiting for `seconds`. It gains one second by every `rate` bytes that it moves.

    Whatever it moves, one request or response may take `most` seconds.
    """

    seconds: float = 20
    rate: int = 4096
    most: float = 3600


class Patience:
    """The time that one client has left. A client that was fast has no more than one that has just begun."""

    def __init__(self, pace: Pace, now: float) -> None:
        self._pace = pace
        self.deadline = now + pace.seconds

    def moved(self, size: int, now: float) -> None:
        """The client has sent or read so many bytes."""
        self.deadline = min(self.deadline + size / self._pace.rate, now + self._pace.seconds)
