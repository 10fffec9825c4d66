"""Counts the bytes of requests that a process holds in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from app.server.connection import ClientConnection, Phase

LARGE = 64 * 1024
"""An incoming request of which more is held may have to give way to others."""


class HeldBytes:
    """The bytes that each connection holds, and their total.

    The total is kept up to date with each change, so that an event of one client costs the same whatever the number of
    connections is.
    """

    def __init__(self) -> None:
        self.total = 0
        self._of: dict[ClientConnection, int] = {}

    def count(self, connection: ClientConnection) -> None:
        """Count the bytes of a connection again. Call this after its bytes or its phase have changed."""
        is_held = connection.phase in (Phase.ARRIVING, Phase.AT_WORK)
        now = connection.arrival.held if is_held else 0
        self.total += now - self._of.pop(connection, 0)
        if now:
            self._of[connection] = now

    def first_to_go(self, network: Callable[[ClientConnection], str]) -> ClientConnection | None:
        """Return the oldest large incoming request of the network that holds the most."""
        networks = {each: network(each) for each in self._of}
        held: Counter[str] = Counter()
        for each, size in self._of.items():
            held[networks[each]] += size
        large = [each for each, size in self._of.items() if size > LARGE and each.phase is Phase.ARRIVING]
        return max(large, key=lambda each: (held[networks[each]], -each.since), default=None)
