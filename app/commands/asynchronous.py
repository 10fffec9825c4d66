"""Sends a request as a run that a worker does, watches the run, and reads its response.

Neither a connection that breaks nor a proxy that gives up ends the command: the request has an `Idempotency-Key`, so
that it can be sent again, and the run is watched until the service responds again. Ctrl-C cancels the run, and waits
until it has ended; a second Ctrl-C leaves it alone.

An impact is a run only if it takes more than a few seconds: until then the service does it before it responds. It does
so however long it takes if no worker is alive.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import click

from app.commands.connection import RequestError
from app.commands.interrupts import Interrupted, Interrupts, Work
from app.commands.progress import Display, shown_progress
from app.commands.run_record import DONE, RunStatus
from app.commands.sending import LONGEST_SENDING, WAIT, Sending, StoppedError
from app.commands.service import Reply, ServiceClient
from app.commands.texts import note
from app.commands.watching import Patience, Watch

EXIT_CANCELLED: Final = 130

_ACCEPTED = 202
_GRACE = 2.0
_GRACE_OF_IMPACTS = 0.2
"""How many seconds the response may take after Ctrl-C before the request is sent again, or its run is looked for."""
_MOST_REPEATED = 5
_MOST_LOOKS = 5


@dataclass(frozen=True)
class Ended:
    """How a request ended: its response, if there is one, and its run, if a worker did it."""

    reply: Reply
    run: RunStatus | None

    def __enter__(self) -> Ended:
        return self

    def __exit__(self, *_: object) -> None:
        self.reply.file.close()

    @property
    def run_number(self) -> str | None:
        """The number of the run."""
        return self.reply.headers["Relink-Run"]

    def check(self) -> None:
        """Raise ClickException if the run was cancelled by somebody else before it had done everything."""
        if self.run is not None and self.run.state != DONE and self.reply.done:
            raise _incomplete(self.run)


@contextmanager
def carried_out(service: ServiceClient, sending: Sending) -> Iterator[Ended]:
    """Send a request, wait until it has been carried out, and yield its response for as long as the context lasts.

    Raises SystemExit with 130 after Ctrl-C, when the context ends if there is a response, and ClickException if the run
    ended without a response.
    """
    with shown_progress() as display, Interrupts() as interrupts:
        command = _Command(service, sending, interrupts, display)
        ended = command.ended()
    with ended:
        yield ended
    if ended.run is not None and command.has_cancelled(ended.run):
        note(_cancelled(ended.run))
        raise SystemExit(EXIT_CANCELLED)


@contextmanager
def _advice(what_to_do: str) -> Iterator[None]:
    """Add to the message of a failed request what has become of the run, and what to do."""
    try:
        yield
    except RequestError as error:
        raise RequestError(f"{error.message}; {what_to_do}", reached=error.reached, may_pass=error.may_pass) from error


def _cancelled(run: RunStatus) -> str:
    more = "; the same command does the rest" if run.can_be_done_in_part else ""
    return f"run {run.identifier} is cancelled: {run.what_was_done()}{more}"


def _incomplete(run: RunStatus) -> click.ClickException:
    reason = f" ({run.reason})" if run.reason else ""
    more = "does the rest" if run.can_be_done_in_part else "tries again"
    message = f"run {run.identifier} is {run.state}{reason}: {run.what_was_done()}; the same command {more}"
    return click.ClickException(message)


class _Command:
    """One request on its way: sent, perhaps a run, perhaps cancelled."""

    def __init__(self, service: ServiceClient, sending: Sending, interrupts: Interrupts, display: Display) -> None:
        self._service = service
        self._sending = sending
        self._interrupts = interrupts
        self._display = display
        self._key = uuid4().hex
        self._work: Work[Reply] | None = None
        self._has_reached = False
        self._was_sent = False
        self._maybe_begun = False
        self._told_that_it_goes_on = False
        self.is_cancelling = False

    def ended(self) -> Ended:
        """Return how the request ended. Raises SystemExit, if Ctrl-C leaves nothing to show, and ClickException."""
        begun = self._begun()
        if isinstance(begun, Reply):
            if self.is_cancelling and self._sending.is_impact:
                begun.file.close()
                raise self._left(f"cancelled: {self._sending.nothing}")
            return Ended(begun, None)
        watch = Watch(self._service, begun, self._interrupts, self._display)
        with _advice(f"run {begun} may go on without this command: 'relink run watch {begun}' waits for its end"):
            run = self._run_ended(watch)
        with _advice(f"run {begun} is {run.state}: 'relink run show {begun}' says what it did"):
            reply = self._response(watch, run)
        if reply is not None and (reply.done or not self.has_cancelled(run)):
            return Ended(reply, run)
        raise self._left(_cancelled(run)) if self.has_cancelled(run) else _incomplete(run)

    def has_cancelled(self, run: RunStatus) -> bool:
        """Return whether Ctrl-C has ended the run before it was done."""
        return self.is_cancelling and run.state == "cancelled"

    def _begun(self) -> int | Reply:
        """Return the run of the request, or its response if it is not a run."""
        self._display.begin(self._sending.what)
        while True:
            try:
                return self._sent()
            except Interrupted:
                if self.is_cancelling:
                    raise self._left(self._sending.unknown) from None
                self.is_cancelling = True
                self._sending.stop()
            except StoppedError:
                raise self._left(f"cancelled: {self._sending.nothing}") from None

    def _sent(self) -> int | Reply:
        """Send the request until there is a response, or its run is found."""
        patience = Patience(self._interrupts, self._display, LONGEST_SENDING)
        repeated = 0
        while True:
            if self._work is None and self.is_cancelling and not self._sending.is_small:
                return self._found_soon()
            try:
                reply = self._reply()
            except TimeoutError:  # Ctrl-C, and no response yet
                if not self._sending.is_complete:
                    raise self._left(f"cancelled: {self._sending.nothing}") from None
                if self._service.user is None and self._sending.is_impact:
                    raise self._left(f"cancelled: {self._sending.nothing}") from None
                if self._service.user is None or not self._sending.is_run:
                    self._tell_that_it_goes_on()
                    continue
                self._maybe_begun = True
                repeated += 1
                if self._sending.is_small and repeated <= _MOST_REPEATED:
                    self._work = None
            except RequestError as error:
                self._work = None
                self._failed(error, patience)
            else:
                self._work = None
                return _run_of(reply) or reply
            run = self._run_with_key() if self._maybe_begun else None
            if run is not None:
                return run

    def _reply(self) -> Reply:
        if self._work is None:
            headers = self._headers()
            self._work = Work(lambda: self._sending.send(headers))
        grace = _GRACE_OF_IMPACTS if self._sending.is_impact else _GRACE
        return self._interrupts.wait(self._work, time.monotonic() + grace if self.is_cancelling else None)

    def _headers(self) -> dict[str, str]:
        """Return the header fields. Without a user the request is not a run, and a key would have no effect."""
        if self._service.user is None:
            return {}
        # A proxy may have timed out on the first request. The repeated one has no `wait`: a worker plans it from the
        # beginning.
        prefer = f"respond-async, {WAIT}" if self._sending.is_impact and not self._was_sent else "respond-async"
        self._was_sent = True
        return {"Prefer": prefer, "Idempotency-Key": self._key}

    def _failed(self, error: RequestError, patience: Patience) -> None:
        """Wait until the request can be sent again. Raises the error if it cannot be, or need not be."""
        self._has_reached = self._has_reached or error.reached
        # An error that is final is a refusal: then only an earlier request can have begun a run.
        maybe_begun = self._maybe_begun or error.may_pass
        self._maybe_begun = self._maybe_begun or (error.reached and self._sending.is_complete)
        if self.is_cancelling and not self._maybe_begun:
            raise self._left(f"cancelled: {self._sending.nothing}")
        if self._service.user is None or not self._has_reached:
            raise error
        with _advice(self._sending.unknown) if maybe_begun else nullcontext():
            if self._sending.is_complete and not self._sending.is_run:
                raise error
            patience.failed(error, "the request is sent again")

    def _tell_that_it_goes_on(self) -> None:
        if not self._told_that_it_goes_on:
            self._told_that_it_goes_on = True
            self._display.say(
                "the service has received the whole request and cannot cancel it, because it is not a run; press Ctrl-C"
                " again to stop waiting"
            )

    def _run_with_key(self) -> int | None:
        """Return the run that has the key of the request; None if there is none or this cannot be found out."""
        try:
            found = self._interrupts.call(lambda: self._service.json(f"/runs?idempotencyKey={self._key}"))
        except RequestError:
            return None
        match found:
            case {"runs": [{"run": int(run)}]}:
                return run
        return None

    def _found_soon(self) -> int:
        """Return the run of a request that cannot be sent again, for which the service may need a moment."""
        for _ in range(_MOST_LOOKS):
            run = self._run_with_key()
            if run is not None:
                return run
            self._interrupts.pause(_GRACE / 2)
        raise self._left(
            "cancelled: no run has begun; if 'relink run list' shows one later, 'relink run cancel' cancels it"
        )

    def _run_ended(self, watch: Watch) -> RunStatus:
        while True:
            try:
                if self.is_cancelling and not watch.is_cancelled:
                    self._display.say(
                        f"run {watch.run} is asked to end; Ctrl-C again leaves without waiting for its end"
                    )
                    watch.cancelled()
                return watch.ended()
            except Interrupted:
                if self.is_cancelling:
                    raise self._left(
                        f"run {watch.run} has not ended yet: 'relink run watch {watch.run}' waits for its end, and"
                        f" 'relink run cancel {watch.run}' cancels it"
                    ) from None
                self.is_cancelling = True

    def _response(self, watch: Watch, run: RunStatus) -> Reply | None:
        try:
            return watch.response()
        except Interrupted:
            raise self._left(f"run {run.identifier} is {run.state}: 'relink run show {run.identifier}'") from None

    def _left(self, message: str) -> SystemExit:
        self._display.say(message)
        return SystemExit(EXIT_CANCELLED)


def _run_of(reply: Reply) -> int | None:
    """Return the run of a request that was accepted, or None if the reply is the response itself."""
    run = reply.headers["Relink-Run"] or ""
    if reply.status != _ACCEPTED or not run.isdigit():
        return None
    reply.file.close()
    return int(run)
