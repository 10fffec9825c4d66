"""`/runs/N/events`: the progress of a run as server-sent events (HTML Living Standard, section 9.2).

Each stream holds a thread, so a process has few of them. A stream ends with its run, when its reader may no longer see
the run, when the process stops, and after some minutes: a client then connects again, and says which event it had last.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

import structlog
from flask import Response, request
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from app.database.connection import short_statements
from app.database.failures import explained
from app.errors import NotAuthorisedError
from app.identity.present_rights import read_again
from app.identity.rights import Caller
from app.runs import record
from app.runs.access import as_readable, may_see
from app.runs.queued import Waiting, waiting
from app.runs.record import Run
from app.runs.turns import Turns
from app.web.refusal import STOPPING
from app.web.run_json import run_json

ReadDetails: TypeAlias = Callable[[Connection, Caller, Run], dict[str, object]]
"""Returns what an event says about a run in addition to its state and progress."""

LONGEST: Final = 600.0
"""A stream ends after this many seconds."""

_RETRY_AFTER_MS = 2000
_LOOK_EVERY = 1.0
_ALIVE_EVERY = 2.0
_STEP = 0.1

_log = structlog.get_logger("relink.runs")
_Read = TypeVar("_Read")


def event_stream(
    engine: Engine, caller: Caller, run: Run, waits: Waiting | None, streams: Turns, details: ReadDetails | None = None
) -> Response:
    """Return the events of a run that the caller may see. Raises BusyError if the process has too many streams.

    `details` are added to each event. They are read with the present rights of the caller.

    A client that has already had the last event of the run gets 204, which tells it not to connect again.
    """
    last = request.headers.get("Last-Event-ID")
    if not run.state.is_open and last == _identifier(run):
        return Response(status=204)
    stopping: Callable[[], bool] = request.environ.get(STOPPING, lambda: False)
    held = ExitStack()
    held.enter_context(streams.turn())
    events = _events(_Reader(engine, caller, details), run, waits, last, stopping)
    response = Response(events, content_type="text/event-stream")
    response.call_on_close(held.close)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx would collect the events
    return response


@dataclass(frozen=True)
class _Reader:
    """Reads a run again for the events of a stream."""

    engine: Engine
    caller: Caller
    details: ReadDetails | None

    def present(self, identifier: int) -> tuple[Run | None, Waiting | None]:
        """Return the run as it is now, with what it waits for.

        Returns (None, None) if the caller may no longer see the run or the database is unavailable.
        """

        def read(connection: Connection, caller: Caller) -> tuple[Run | None, Waiting | None]:
            run = record.find(connection, identifier)
            if run is None or not may_see(connection, caller, run):
                return None, None
            return as_readable(connection, caller, [run])[0], waiting(connection, run)

        return self._read(identifier, read) or (None, None)

    def details_of(self, run: Run) -> dict[str, object] | None:
        """Return the details of an event, or None if the database cannot be used or the account was disabled."""
        details = self.details
        if details is None:
            return {}
        return self._read(run.identifier, lambda connection, caller: details(connection, caller, run))

    def _read(self, identifier: int, read: Callable[[Connection, Caller], _Read]) -> _Read | None:
        try:
            with short_statements(), self.engine.begin() as connection:
                return read(connection, read_again(connection, self.caller))
        except NotAuthorisedError:
            return None
        except SQLAlchemyError as error:
            _log.warning("a stream of events was cut off", run_id=identifier, reason=explained(error))
            return None


def _events(
    reader: _Reader, run: Run | None, waits: Waiting | None, last: str | None, stopping: Callable[[], bool]
) -> Iterator[bytes]:
    yield f"retry: {_RETRY_AFTER_MS}\n\n".encode()
    until = time.monotonic() + LONGEST
    written = time.monotonic()
    while run is not None:
        identifier = _identifier(run, waits)
        if identifier != last:
            details = reader.details_of(run)
            if details is None:
                return
            yield _event(identifier, run, {**run_json(run, waits), **details})
            last, written = identifier, time.monotonic()
        elif time.monotonic() - written > _ALIVE_EVERY:
            # Also finds out whether the client is still there.
            yield b": the run goes on\n\n"
            written = time.monotonic()
        if not run.state.is_open or _pause(stopping) or time.monotonic() > until:
            return
        run, waits = reader.present(run.identifier)


def _event(identifier: str, run: Run, data: dict[str, object]) -> bytes:
    kind = "progress" if run.state.is_open else "end"
    return f"id: {identifier}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def _identifier(run: Run, waits: Waiting | None = None) -> str:
    """Return a text that changes with the state and the progress of a run, and with what it waits for."""
    state = run.state.value if waits is None else f"{run.state.value}-{waits.what.value}-{waits.run or 0}"
    return f"{state}-{run.attempts}-{run.done}-{run.steps}-{int(run.cancel_requested)}"


def _pause(stopping: Callable[[], bool]) -> bool:
    """Wait until it is time to look at the run again. Returns whether the process is stopping."""
    until = time.monotonic() + _LOOK_EVERY
    while not stopping() and time.monotonic() < until:
        time.sleep(_STEP)
    return stopping()
