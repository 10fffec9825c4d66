"""How many rows of the audit the clients that have not signed in may cause."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Final

import structlog

from app.identity.networks import site_of

_PERIOD = 3600.0
MOST_OF_A_SITE: Final = 1_000
"""A process records at most this many refused sign-ins from one site in an hour."""
MOST_OF_ALL: Final = 10_000
"""A process records at most this many refused sign-ins in an hour."""

_log = structlog.get_logger("relink.audit")


class AuditRoom:
    """Room in the audit for the refused sign-ins of one process.

    Failures are limited per network, but a client may have very many networks: an IPv6 site has 65,536 of them. The
    rows are kept for months, so their number is limited per site and in all. Failures that are not recorded are counted
    and logged as any others. Safe to use from many threads.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._since = clock()
        self._taken: Counter[str] = Counter()
        self._total = 0

    def take(self, address: str) -> bool:
        """Take the room for one row about a client; returns whether there was room.

        When room runs out for a site or for all, a warning is logged, once in an hour for each.
        """
        site = site_of(address)
        with self._lock:
            if self._clock() - self._since >= _PERIOD:
                self._since, self._total = self._clock(), 0
                self._taken.clear()
            if self._total >= MOST_OF_ALL or self._taken[site] >= MOST_OF_A_SITE:
                return False
            self._taken[site] += 1
            self._total += 1
            is_last_of_site, is_last = self._taken[site] == MOST_OF_A_SITE, self._total == MOST_OF_ALL
        if is_last_of_site or is_last:
            _log.warning(
                "too many refused sign-ins: for the rest of the hour they are logged and not recorded in the audit",
                site=None if is_last else site,
            )
        return True
