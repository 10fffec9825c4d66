"""`/runs`: the state of runs, their outcomes and responses, and cancelling, for users who may see the run.

Failures are JSON, like the runs themselves; those of `/runs/N/response` are XML, like that response.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import Connection

from app.database.connection import short_statements
from app.errors import NotAuthorisedError, RelinkError
from app.identity.rights import Caller
from app.runs import record as runs
from app.runs.access import as_readable, has_started, may_read_response, may_see
from app.runs.listing import outcomes, visible_runs
from app.runs.queued import Waiting, waiting
from app.runs.record import Run
from app.web.context import resources
from app.web.credentials import credentials
from app.web.refusal import Forbidden, Refused
from app.web.run_events import event_stream
from app.web.run_json import outcome_json, run_json
from app.wire.failures import failure
from app.wire.kept_responses import response_of
from app.wire.run_parameters import after, check_names, limit, run_filter

blueprint = Blueprint("runs", __name__)

_PARAMETERS = {
    "runs.listed": ("state", "context", "user", "idempotencyKey", "failed", "after", "limit"),
    "runs.listed_outcomes": ("after", "limit"),
}
"""The query parameters of each endpoint that has any."""


@blueprint.before_request
def check_parameters() -> Response | None:
    """Refuse query parameters that the endpoint does not have."""
    try:
        check_names(_PARAMETERS.get(request.endpoint or "", ()))
    except RelinkError as error:
        return failure(error)
    return None


@blueprint.get("/runs")
@short_statements()
def listed() -> Response:
    """Return a page of the runs that the caller may see, newest first, as JSON.

    The query parameters `state`, `context`, `user`, `idempotencyKey` and `failed` select among them.
    """
    try:
        caller = _caller()
        if caller.user_identifier is None:
            raise NotAuthorisedError("sign in with HTTP Basic to see runs")
        wanted = run_filter()
        with resources().engine.begin() as connection:
            found, following = visible_runs(connection, caller, wanted, after=after(), limit=limit())
            shown = as_readable(connection, caller, found)
    except RelinkError as error:
        return failure(error)
    # A run whose context the caller may no longer read is not found by that context.
    shown = [run for run in shown if wanted.context is None or run.context_reference is not None]
    return jsonify(runs=list(map(run_json, shown)), next=_next(following))


@blueprint.get("/runs/<int:identifier>")
@short_statements()
def run(identifier: int) -> Response:
    """Return a run as JSON, with its progress."""
    try:
        return jsonify(run_json(*_found_with_waiting(_caller(), identifier)))
    except RelinkError as error:
        return failure(error)


@blueprint.delete("/runs/<int:identifier>")
@short_statements()
def cancel(identifier: int) -> Response:
    """Ask a run to end after its present node. Returns the run as it is then, with 202, since that may take a
    moment."""
    try:
        caller = _caller()
        found = _found(caller, identifier)
        with resources().engine.begin() as connection:
            runs.cancel(connection, found.identifier, caller.user_identifier)
        found = _found(caller, identifier)
    except RelinkError as error:
        return failure(error)
    response = jsonify(run_json(found))
    response.status_code = 202
    return response


@blueprint.get("/runs/<int:identifier>/outcomes")
@short_statements()
def listed_outcomes(identifier: int) -> Response:
    """Return a page of the outcomes of a run as JSON, to the user who started it and to administrators."""
    try:
        caller = _caller()
        found = _found(caller, identifier)
        with resources().engine.begin() as connection:
            _check_may_read(connection, caller, found, "outcomes")
            page, following = outcomes(connection, caller, found.identifier, after=after() or 0, limit=limit())
    except RelinkError as error:
        return failure(error)
    return jsonify(outcomes=list(map(outcome_json, page)), next=_next(following))


@blueprint.get("/runs/<int:identifier>/events")
@short_statements()
def events(identifier: int) -> Response:
    """Return the state and the progress of a run as server-sent events, until the run has ended."""
    try:
        caller, shared = _caller(), resources()
        return event_stream(shared.engine, caller, *_found_with_waiting(caller, identifier), shared.workload.streams)
    except RelinkError as error:
        return failure(error)


@blueprint.get("/runs/<int:identifier>/response")
@short_statements()
def kept_response(identifier: int) -> Response:
    """Return the XML response of an ended run as it was sent, to the user who started it and to administrators."""
    try:
        caller = _caller()
        found = _found(caller, identifier)
        with resources().engine.begin() as connection:
            _check_may_read(connection, caller, found, "response")
        response = response_of(resources().engine, found)
        if response is None:
            raise Refused(404, f"run {identifier} is {found.state.value} and has no response")
    except RelinkError as error:
        return failure(error)
    return response


def _found(caller: Caller, identifier: int) -> Run:
    """Return the run if the caller may see it; otherwise the run is reported as not existing."""
    with resources().engine.begin() as connection:
        found = runs.find(connection, identifier)
        if found is not None and may_see(connection, caller, found):
            return as_readable(connection, caller, [found])[0]
    if caller.user_identifier is None:
        raise NotAuthorisedError("sign in with HTTP Basic to see a run")
    raise Refused(404, f"there is no run {identifier}")


def _found_with_waiting(caller: Caller, identifier: int) -> tuple[Run, Waiting | None]:
    """Return the run as `_found` does, with what it waits for."""
    found = _found(caller, identifier)
    with resources().engine.begin() as connection:
        return found, waiting(connection, found)


def _check_may_read(connection: Connection, caller: Caller, found: Run, what: str) -> None:
    """Raise Forbidden if the caller may see the run, but not its response and outcomes."""
    if may_read_response(connection, caller, found):
        return
    if has_started(caller, found):
        raise Forbidden(f"the {what} of run {found.identifier} cannot be read: you may no longer read its context")
    raise Forbidden(
        f"the {what} of run {found.identifier} can be read only by the user who started it and by administrators"
    )


def _next(following: int | None) -> str | None:
    """Return the address of the next page, with the parameters of this one."""
    if following is None:
        return None
    return f"{request.path}?{urlencode({**request.args, 'after': following})}"


def _caller() -> Caller:
    return resources().sign_in.caller(credentials(request, {}), request.remote_addr or "")
