"""Limits the long work that a process does at once, so that threads remain for short requests.

Long work takes a turn. When all turns are taken, the next request waits. The number of waiting requests is limited too,
since each holds a thread.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition

from app.errors import BusyError
from app.settings import FEWEST_THREADS, Settings

_LONG = 1.5
_SOON = 10.0
_LOOK_EVERY = 0.25


class Turn:
    """The place of one piece of work in the queue: it either has its turn, or waits."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.since: float | None = None
        """The time when the work got its turn."""

    @property
    def has_come(self) -> bool:
        """Whether the work may begin."""
        return self.wait(0)

    def wait(self, seconds: float) -> bool:
        """Wait until the work may begin, at most this many seconds. Returns whether it may begin."""
        return self._turns.wait(self, seconds)


class Turns:
    """Gives at most `at_work` turns at once, in the order of the requests. At most `waiting` more requests may wait."""

    def __init__(self, what: str, at_work: int, waiting: int) -> None:
        self._what = what
        self._at_work = at_work
        self._most = at_work + waiting
        self._turns: deque[Turn] = deque()
        self._changed = Condition()

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Take a turn or a place in the queue while the context lasts. Raises BusyError if the queue is full."""
        with self._changed:
            if len(self._turns) >= self._most:
                raise self._busy()
            turn = self._joined()
        try:
            yield turn
        finally:
            self._left(turn)

    @contextmanager
    def soon(self, seconds: float = _SOON) -> Iterator[None]:
        """Wait for a turn at most this many seconds. Raises BusyError if it does not come.

        Any number of requests may wait while the turns are taken by short work. The limit of waiting requests applies
        as soon as all turns are taken by long work.
        """
        with self._changed:
            turn = self._joined()
        try:
            deadline = time.monotonic() + seconds
            while not turn.wait(_LOOK_EVERY):
                if time.monotonic() > deadline or self._is_hopeless(turn):
                    raise self._busy()
            yield
        finally:
            self._left(turn)

    def wait(self, turn: Turn, seconds: float) -> bool:
        """Wait for a turn, as `Turn.wait` describes."""
        with self._changed:
            come = self._changed.wait_for(lambda: self._turns.index(turn) < self._at_work, seconds)
        if come and turn.since is None:
            turn.since = time.monotonic()
        return come

    def _joined(self) -> Turn:
        turn = Turn(self)
        self._turns.append(turn)
        return turn

    def _left(self, turn: Turn) -> None:
        with self._changed:
            self._turns.remove(turn)
            self._changed.notify_all()

    def _is_hopeless(self, turn: Turn) -> bool:
        now = time.monotonic()
        with self._changed:
            holders = [holder.since or now for holder, _ in zip(self._turns, range(self._at_work), strict=False)]
            return self._turns.index(turn) >= self._most and all(now - since > _LONG for since in holders)

    def _busy(self) -> BusyError:
        return BusyError(f"the service is busy with other {self._what}: try again in a few seconds")


@dataclass(frozen=True)
class Shares:
    """The threads of a process that each kind of long work may hold. Some threads are in none of the shares."""

    runs: int
    runs_waiting: int
    impacts: int
    impacts_waiting: int
    others: int
    """Imports, freezes, previews of releases and pages of instances."""
    others_waiting: int
    large_answers: int
    """GraphQL responses of more than 1 MiB."""
    bodies: int
    """Large request bodies that are being received."""
    streams: int
    """Streams of events about runs. A process with few threads has none."""

    @classmethod
    def of(cls, settings: Settings) -> Shares:
        """Share out the threads: an eighth stays free, waiting runs get a quarter, bodies an eighth, and streams a
        sixteenth."""
        threads = max(settings.threads, FEWEST_THREADS)
        runs, waiting, eighth = settings.runs_at_work, threads // 4, threads // 8
        streams = threads // 16
        rest = max(2, threads - runs - waiting - 2 * eighth - streams)
        others = max(1, rest // 3)
        impacts = rest - others
        return cls(
            runs=runs,
            runs_waiting=waiting,
            impacts=impacts - impacts // 2,
            impacts_waiting=impacts // 2,
            others=others - others // 2,
            others_waiting=others // 2,
            large_answers=eighth,
            bodies=eighth,
            streams=streams,
        )


class Workload:
    """The turns of one process."""

    def __init__(self, shares: Shares) -> None:
        self.runs = Turns("runs", shares.runs, shares.runs_waiting)
        self.impacts = Turns("impacts", shares.impacts, shares.impacts_waiting)
        self.others = Turns("long requests", shares.others, shares.others_waiting)
        self.large_answers = Turns("large responses", shares.large_answers, 0)
        self.streams = Turns("streams of events", shares.streams, 0)
