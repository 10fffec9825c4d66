"""Limits the long work that a process does at once, so that threads remain for short requests.

Long work takes a turn. When all turns are taken, the next request waits. The number of waiting requests is limited too,
since each holds a thread.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Condition
from typing import Final, TypeVar

from app.errors import BusyError
from app.settings import FEWEST_THREADS, Settings

Result = TypeVar("Result")

_LONG = 1.5
_LONG_EDIT = 0.5
_PATIENT = 8
SOON: Final = 10.0
"""The longest time, in seconds, that a request waits for its turn."""
AT_ONCE: Final = 0.0
"""No time to wait: for a request that holds locks."""
_LOOK_EVERY = 0.25


class Turn:
    """The place of one piece of work in the queue: it either has its turn, or waits.

    `round` orders the waiting turns: each further turn of a user belongs to a later round.
    """

    def __init__(self, turns: Turns, user: str | None, round_: int) -> None:
        self._turns = turns
        self.user = user
        self.round = round_
        self.since: float | None = None
        """The time when the work got its turn."""

    @property
    def has_come(self) -> bool:
        """Whether the work may begin."""
        return self.wait(0)

    def wait(self, seconds: float) -> bool:
        """Wait until the work may begin, at most this many seconds. Returns whether it may begin."""
        return self._turns.wait(self, seconds)


@dataclass(frozen=True)
class Places:
    """How many turns there are at once, and how many more requests may wait."""

    at_work: int
    waiting: int

    @property
    def of_one_user(self) -> Places:
        """The places that one user may take: half of them, rounded up, but not all if there are two or more."""
        return Places(_half(self.at_work), _half(self.waiting))


class Turns:
    """Gives at most `at_work` turns at once. At most `waiting` more requests may wait.

    One user takes at most half of either (see `Places.of_one_user`). Waiting users are served in rotation. Work that
    belongs to no user has only the limits for all users together.
    """

    def __init__(self, what: str, at_work: int, waiting: int, long: float = _LONG, patient: int = _PATIENT) -> None:
        """One user may have `patient` requests that wait for `soon`."""
        self._what = what
        self._patient = patient
        self._places = Places(at_work, waiting)
        self._long = long
        self._working: list[Turn] = []
        self._waiting: list[Turn] = []
        self._round = 0
        self._last_rounds: dict[str, int] = {}
        self._changed = Condition()

    @contextmanager
    def turn(self, user: str | None = None) -> Iterator[Turn]:
        """Take a turn or a place in the queue while the context lasts. Raises BusyError if the queue is full."""
        with self._changed:
            turn = self._joined(user)
            if self._is_beyond_places(turn):
                self._waiting.remove(turn)
                raise self._busy()
        try:
            yield turn
        finally:
            self._left(turn)

    @contextmanager
    def soon(self, user: str | None = None, seconds: float = SOON) -> Iterator[None]:
        """Wait for a turn at most this many seconds. Raises BusyError if it does not come.

        While the turns are taken by short work, any number of users may wait, each with a few requests: without a limit
        for each, the requests of one user could hold all threads. The limit of waiting requests applies as soon as all
        turns that the request waits for are taken by long work.
        """
        with self._changed:
            turn = self._joined(user)
            if turn.since is None and user is not None and self._count_waiting(user) > self._patient:
                self._waiting.remove(turn)
                raise self._busy()
        try:
            deadline = time.monotonic() + seconds
            while not turn.wait(min(_LOOK_EVERY, seconds)):
                if time.monotonic() >= deadline or self._is_hopeless(turn):
                    raise self._busy()
            yield
        finally:
            self._left(turn)

    def without_locks(self, user: str | None, work: Callable[[Callable[[], None]], Result]) -> Result:
        """Return the result of work that locks rows and may take a turn later, by calling its argument.

        If no turn is free at that time, the call raises BusyError. The work must not catch it, but must release its
        locks. This method then waits for a turn, as `soon` does, and calls the work again. Raises BusyError if the turn
        does not come.
        """
        refusals: list[BusyError] = []
        with ExitStack() as until_done:

            def take() -> None:
                try:
                    until_done.enter_context(self.soon(user, AT_ONCE))
                except BusyError as error:
                    refusals.append(error)
                    raise

            try:
                return work(take)
            except BusyError as error:
                if error not in refusals:
                    raise
        with self.soon(user):
            return work(lambda: None)

    def wait(self, turn: Turn, seconds: float) -> bool:
        """Wait for a turn, as `Turn.wait` describes."""
        with self._changed:
            return self._changed.wait_for(lambda: turn.since is not None, seconds)

    def _joined(self, user: str | None) -> Turn:
        turn = Turn(self, user, self._round)
        if user is not None:
            turn.round = self._last_rounds[user] = max(self._round, self._last_rounds.get(user, -1) + 1)
        self._waiting.append(turn)
        self._begin_next()
        return turn

    def _left(self, turn: Turn) -> None:
        with self._changed:
            (self._waiting if turn.since is None else self._working).remove(turn)
            self._begin_next()
            self._changed.notify_all()

    def _begin_next(self) -> None:
        """Give the free turns to the waiting work of the earliest rounds."""
        while len(self._working) < self._places.at_work:
            able = [turn for turn in self._waiting if len(self._holders(turn)) < self._work_places(turn)]
            if not able:
                return
            turn = min(able, key=lambda turn: turn.round)
            self._waiting.remove(turn)
            self._working.append(turn)
            turn.since = time.monotonic()
            self._round = max(self._round, turn.round)
            self._last_rounds = {user: last for user, last in self._last_rounds.items() if last >= self._round}

    def _work_places(self, turn: Turn) -> int:
        return self._places.at_work if turn.user is None else self._places.of_one_user.at_work

    def _holders(self, turn: Turn) -> list[Turn]:
        """Return the work of the same user, or all work if the turn is not for a user."""
        return [holder for holder in self._working if turn.user in (None, holder.user)]

    def _count_waiting(self, user: str) -> int:
        return sum(waiting.user == user for waiting in self._waiting)

    def _is_beyond_places(self, turn: Turn) -> bool:
        """Return whether the turn waits on none of the places for waiting requests of its user and of all users."""
        of_users: Counter[str | None] = Counter()
        taken = 0
        for waiting in self._waiting:
            of_users[waiting.user] += 1
            most = self._places.waiting if waiting.user is None else self._places.of_one_user.waiting
            has_place = of_users[waiting.user] <= most and taken < self._places.waiting
            if waiting is turn:
                return not has_place
            taken += has_place
        return False

    def _is_hopeless(self, turn: Turn) -> bool:
        now = time.monotonic()
        with self._changed:
            own = self._holders(turn)
            holders = own if len(own) >= self._work_places(turn) else self._working
            return self._is_beyond_places(turn) and all(now - (each.since or now) > self._long for each in holders)

    def _busy(self) -> BusyError:
        return BusyError(f"the service is busy with other {self._what}: try again in a few seconds")


def _half(places: int) -> int:
    return min(-(-places // 2), max(1, places - 1))


@dataclass(frozen=True)
class Shares:
    """The threads of a process that each kind of long work may hold."""

    runs: int
    runs_waiting: int
    impacts: int
    impacts_waiting: int
    others: int
    """Imports, freezes, previews of releases and pages of instances."""
    others_waiting: int
    large_responses: int
    """GraphQL responses and versions of more than 1 MiB."""
    edits: int
    """Edits whose check of patterns is expensive. They compute and do not wait, so they are few."""
    bodies: int
    """Large request bodies that are being received."""
    streams: int
    """Streams of events about runs. A process with few threads has none."""
    patient: int
    """Requests of one user that may wait for a turn of the same kind while others hold it for a short time."""

    @classmethod
    def of(cls, settings: Settings) -> Shares:
        """Share out the threads: waiting runs get a quarter, bodies an eighth, and streams a sixteenth. An eighth is in
        none of these shares nor in those of impacts and other long requests. Large responses and expensive edits have
        shares of an eighth beside these, since they hold a thread only for a short time."""
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
            large_responses=eighth,
            edits=max(1, eighth // 2),
            bodies=eighth,
            streams=streams,
            patient=max(2, threads // 4),
        )


class Workload:
    """The turns of one process."""

    def __init__(self, shares: Shares) -> None:
        self.runs = Turns("runs", shares.runs, shares.runs_waiting)
        patient = shares.patient
        self.impacts = Turns("impacts", shares.impacts, shares.impacts_waiting, patient=patient)
        self.others = Turns("long requests", shares.others, shares.others_waiting, patient=patient)
        self.large_responses = Turns("large responses", shares.large_responses, 0, patient=patient)
        self.edits = Turns("edits", shares.edits, shares.edits, _LONG_EDIT, patient)
        self.streams = Turns("streams of events", shares.streams, 0)
