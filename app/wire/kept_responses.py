"""The responses of ended runs, as they were sent or would have been sent."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, count

from flask import Response
from sqlalchemy import Engine

from app.database.engine import snapshot
from app.runs import kept_responses, record
from app.runs.record import Run
from app.runs.wanted import IMPACT
from app.web.statuses import ERROR_NUMBER
from app.wire.asynchronous import accepted
from app.wire.envelope import CONTENT_TYPE

_NOT_READABLE = 103
"""The error of a document that is not well-formed, or that a limit of the parser refuses."""


def response_of(engine: Engine, run: Run) -> Response | None:
    """Return the response of a run, or None if it has none."""
    parts = _parts(engine, run.identifier)
    first = next(parts, None)
    if first is None:
        return None
    response = Response(kept_responses.decompressed(chain([first], parts)), content_type=CONTENT_TYPE)
    response.headers[ERROR_NUMBER] = str(run.error_number or 0)
    response.headers["Relink-Run"] = str(run.identifier)
    if run.plan is not None and run.action == IMPACT:
        response.headers["ETag"] = f'"{run.plan}"'
    return response


def begun_before(service: str, engine: Engine, identifier: int, *, preferred: bool) -> Response:
    """Return the response of the run that an earlier request with the same key has begun, or say that it goes on."""
    with engine.begin() as connection:
        run = record.find(connection, identifier)
    response = None if run is None or run.state.is_open else response_of(engine, run)
    if run is None or response is None:
        return accepted(service, identifier, preferred=preferred)
    response.status_code = _status(run)
    return response


def _status(run: Run) -> int:
    """Return the status of the response to the request of a run. Its record has the number of the error only."""
    if run.was_of_another_plan:
        return 412
    return 400 if run.error_number == _NOT_READABLE else 200


def _parts(engine: Engine, run: int) -> Iterator[bytes]:
    """Yield the parts of a kept response one by one. While a client reads a part, no connection is held."""
    for number in count():
        with snapshot(engine) as connection:
            part = kept_responses.kept_part(connection, run, number)
        if part is None:
            return
        yield part
