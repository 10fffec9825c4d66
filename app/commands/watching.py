"""Watches a run until it ends, however often the service or a proxy fails meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from app.commands.connection import RefusedError, RequestError
from app.commands.interrupts import Interrupts
from app.commands.progress import Display
from app.commands.run_record import RunStatus
from app.commands.service import Reply, ServiceClient

LONGEST_ABSENCE: Final = 600.0
"""A service that does not respond for this many seconds is given up."""

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 15.0
_AT_FIRST = 2.0
_LOOK_OFTEN = 0.1
_LOOK_EVERY = 0.5
_WITHOUT_WORKER = 3.0
_NOT_FOUND = 404

T = TypeVar("T")


class Patience:
    """Growing pauses between attempts, until an error is final or has lasted too long."""

    def __init__(self, interrupts: Interrupts, display: Display, longest: float = LONGEST_ABSENCE) -> None:
        self._interrupts = interrupts
        self._display = display
        self._longest = longest
        self._since: float | None = None
        self._pause = _FIRST_PAUSE

    def failed(self, error: RequestError, what_now: str) -> None:
        """Say what has failed and what happens now, and wait. Raises the error if a retry is of no use."""
        if not error.may_pass:
            raise error
        now = time.monotonic()
        if self._since is None:
            self._since = now
            self._display.say(f"{error.message}; {what_now}")
        elif now - self._since > self._longest:
            raise error
        self._interrupts.pause(self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


class Watch:
    """Watches one run. Its methods raise Interrupted when Ctrl-C is pressed, and may be called again."""

    def __init__(self, service: ServiceClient, run: int, interrupts: Interrupts, display: Display) -> None:
        self._service = service
        self.run = run
        self._interrupts = interrupts
        self._display = display
        self._waits_since: float | None = None
        self._told_of_workers = False
        self.is_cancelled = False
        """Whether the service has been asked to cancel the run."""
        self.record: Mapping[str, object] = {}
        """The run as the service described it last."""

    def cancelled(self) -> None:
        """Ask the service to end the run."""
        self._persistently(
            lambda: self._service.json(f"/runs/{self.run}", "DELETE"),
            f"the request to cancel run {self.run} is sent again",
        )
        self.is_cancelled = True

    def ended(self) -> RunStatus:
        """Return the run when it has ended, and show its progress until then. Raises RequestError."""
        began = time.monotonic()
        goes_on = (
            f"run {self.run} goes on; this command keeps watching it, and 'relink run watch {self.run}' watches it from"
            " another terminal"
        )
        while True:
            self.record = self._persistently(lambda: self._service.json(f"/runs/{self.run}"), goes_on)
            run = RunStatus.of(self.record)
            self._display.show(run)
            if not run.is_open:
                return run
            self._tell_of_workers(run)
            self._interrupts.pause(_LOOK_OFTEN if time.monotonic() - began < _AT_FIRST else _LOOK_EVERY)

    def response(self) -> Reply | None:
        """Return the response of the run, which has ended, or None if it has none. Raises RequestError."""
        reply = self._persistently(
            self._response, f"run {self.run} has ended; this command requests its response again"
        )
        if reply.status == _NOT_FOUND:
            reply.file.close()
            return None
        return reply

    def _response(self) -> Reply:
        reply = self._service.response_of(self.run)
        if reply.status not in (200, _NOT_FOUND):
            raise RefusedError(reply.error_number, reply.description(), reply.status)
        return reply

    def _persistently(self, function: Callable[[], T], what_now: str) -> T:
        patience = Patience(self._interrupts, self._display)
        while True:
            try:
                return self._interrupts.call(function)
            except RequestError as error:
                patience.failed(error, what_now)

    def _tell_of_workers(self, run: RunStatus) -> None:
        """Say how to start a worker, once, if a run has been waiting for one."""
        if run.waiting_for != "worker":
            self._waits_since = None
            return
        self._waits_since = self._waits_since or time.monotonic()
        if not self._told_of_workers and time.monotonic() - self._waits_since > _WITHOUT_WORKER:
            self._told_of_workers = True
            self._display.say(
                f"run {self.run} waits for a worker, and none is alive: start one with 'relink worker' and the settings"
                " of the service"
            )
