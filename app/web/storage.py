"""Limits the bytes in temporary files, in total and for each owner."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import Final

SHARE: Final = 2
"""The share of the total that one user or one network may use: half of it is left for the others."""


class Storage:
    """Counts the bytes in the temporary files of a process. Safe to use from many threads."""

    def __init__(self, most: int) -> None:
        self.most: Final = most
        self._held: Counter[object] = Counter()
        self._lock = Lock()

    @property
    def taken(self) -> int:
        """How many bytes there are, of all owners."""
        with self._lock:
            return self._held.total()

    def take(self, owner: object, size: int) -> bool:
        """Add bytes to the count of an owner, if there is room. Returns whether there is."""
        with self._lock:
            if self._held.total() + size > self.most or self._held[owner] + size > self.most // SHARE:
                return False
            self._held[owner] += size
            return True

    def give_back(self, owner: object, size: int) -> None:
        """Subtract bytes from the count of an owner."""
        with self._lock:
            self._held[owner] -= size
            if self._held[owner] <= 0:
                del self._held[owner]
