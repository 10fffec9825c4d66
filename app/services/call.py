"""The arguments of a service other than its request, and the description of a service for its callers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Annotated, Generic, TypeVar

from sqlalchemy import Engine

from app.errors import BusyError
from app.identity.rights import Caller
from app.runs.held import HeldRun, started
from app.runs.keys import Key
from app.runs.turns import SOON, Shares, Workload
from app.runs.wanted import WantedRun
from app.services.fault_paths import described
from app.services.response import Part, ServiceResponse
from app.settings import Settings
from app.solutions.limits import Limits
from app.solutions.people.cipher import Cipher

Request = TypeVar("Request")

CollapsedText = Annotated[str, "token"]
"""A text in which leading, trailing and repeated white space is ignored, such as a reference."""

Verbatim = Annotated[str, "verbatim"]
"""A value that is kept as given, even if it consists of white space. A plain `str` that is blank counts as absent."""


ResponseWriter = Callable[[str, ServiceResponse], Iterable[bytes]]
"""Writes a response as a document whose root has this name."""

PartsWriter = Callable[[Iterable[Part]], Iterable[bytes]]
"""Writes parts of a response as they stand in its document."""


class LateError(Exception):
    """The time that the client waits is over, so a worker has to carry out the request."""


def _no_confirmation(_password: str | None) -> str | None:
    raise RuntimeError("nothing checks the caller's password here")


@dataclass(frozen=True)
class Call:
    """The context of a request: the caller, the database, the writers for responses that are kept and for parts of
    them, the conditions in HTTP headers, the turns of long work, the key of the request, its run if a worker does it,
    the network that it came from, what is called before a large response is built, the check of the caller's password
    (`SignIn.confirm`), the settings of the process, and the time (`time.monotonic`) until which the client waits before
    a worker does the request."""

    engine: Engine
    caller: Caller
    write: ResponseWriter
    write_parts: PartsWriter
    if_match: str | None = None
    workload: Workload = field(default_factory=lambda: Workload(Shares.of(Settings())))
    key: Key | None = None
    run: HeldRun | None = None
    network: str = ""
    before_large: Callable[[], None] = lambda: None
    confirm: Callable[[str | None], str | None] = field(default=_no_confirmation, repr=False)
    settings: Settings = field(default_factory=Settings, repr=False)
    until: float | None = None

    @property
    def cipher(self) -> Cipher:
        """The cipher of authentications."""
        return Cipher(self.settings.secret_key)

    @property
    def limits(self) -> Limits:
        """The limits of end users and of responses."""
        return Limits.of(self.settings)

    @property
    def user(self) -> str | None:
        """Whose share of the turns the request takes: the user's, for an anonymous caller that of their network; none
        for administration commands."""
        if self.caller.user_identifier is not None:
            return f"user {self.caller.user_identifier}"
        return None if self.caller.administers_all else f"network {self.network}"

    def check_goes_on(self) -> None:
        """Raise StateError if a worker does the request and its run was asked to end, and LateError if the client does
        not wait longer."""
        if self.run is not None:
            self.run.check_not_cancelled()
        if self.until is not None and time.monotonic() > self.until:
            raise LateError

    @contextmanager
    def impact_turn(self) -> Iterator[None]:
        """Wait for a turn of impacts, and take it while the context lasts. Raises BusyError, or LateError if the time
        that the client waits is over."""
        seconds = SOON if self.until is None else min(SOON, self.until - time.monotonic())
        with ExitStack() as turn:
            try:
                turn.enter_context(self.workload.impacts.soon(self.user, seconds))
            except BusyError:
                if self.until is None:
                    raise
                raise LateError from None
            yield

    @contextmanager
    def begun(self, wanted: WantedRun) -> Iterator[HeldRun]:
        """Begin a run for this request, or go on with the one that has begun. See `app.runs.held.started`."""
        if self.run is not None:
            yield self.run
            return
        wanted = replace(wanted, if_match=self.if_match, key=self.key)
        turns = self.workload.runs
        with started(self.engine, self.caller, wanted, turns, self.user, described=described) as run:
            yield run


@dataclass(frozen=True)
class Prepared:
    """A request that has been checked. `run` does it now, and may use what was read for the check.

    `wanted` is the run of a worker that does the request, or None if it needs no run.
    """

    wanted: WantedRun | None
    run: Callable[[Call], ServiceResponse]


@dataclass(frozen=True)
class Service(Generic[Request]):
    """A service. Its name is the name of the root of its request and response.

    `request` is a dataclass whose fields, in snake_case, are the elements of the request. A `long` service may take
    minutes: it takes a turn of the workload, and its statements have no time limit. If it can be done by a worker,
    `prepare` checks a request, so that it is refused before it waits for one.
    """

    name: str
    request: type[Request]
    run: Callable[[Request, Call], ServiceResponse]
    long: bool = False
    prepare: Callable[[Request, Call], Prepared] | None = None
