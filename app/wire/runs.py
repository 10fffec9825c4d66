"""`/runs`: the state of runs, the responses of ended runs, and cancelling, for users who may see the run.

Failures are JSON, like the runs themselves; those of `/runs/N/response` are XML, like that response.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, count

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import Engine

from app.database.connection import short_statements
from app.database.engine import snapshot
from app.errors import MOST_FAULTS, NotAuthorisedError, RelinkError
from app.identity.rights import Caller
from app.references import InvalidReferenceError, check_node_reference
from app.runs import answers
from app.runs import record as runs
from app.runs.access import may_read_answer, may_see, with_readable_references
from app.runs.record import Run, RunState
from app.solutions.texts import time_text
from app.text import collapsed, is_writable
from app.wire.context import resources
from app.wire.credentials import credentials
from app.wire.envelope import CONTENT_TYPE, ERROR_NUMBER
from app.wire.failures import failure
from app.wire.refusal import Forbidden, NotValidError, Refused

blueprint = Blueprint("runs", __name__)

_PARAMETERS = {"runs.recent": ("state", "nodeReference")}
"""The query parameters of each endpoint that has any."""
_LONGEST_NAME = 60
_OPTIONS = {
    "update_content": "updateContentIndicator",
    "always_create_new_version": "alwaysCreateNewVersionIndicator",
    "source_scope": "sourceScope",
    "source_reference": "sourceReference",
}


@blueprint.before_request
def check_parameters() -> Response | None:
    """Refuses query parameters that the endpoint does not have: a mistyped one would silently list everything."""
    allowed = _PARAMETERS.get(request.endpoint or "", ())
    advice = f"the parameters here are {' and '.join(allowed)}" if allowed else "there are no parameters here"
    faults = []
    for name, values in request.args.lists():
        if name not in allowed:
            faults.append((_shown_name(name), f"is not a parameter: {advice}"))
        elif len(values) > 1:
            faults.append((name, "is given more than once"))
    return failure(NotValidError(faults[:MOST_FAULTS])) if faults else None


def _shown_name(name: str) -> str:
    shown = name[:_LONGEST_NAME]
    return shown if is_writable(shown) else ascii(shown)


@blueprint.get("/runs")
@short_statements()
def recent() -> Response:
    """Returns the newest runs that the caller started, or for an administrator the newest of all runs, as JSON.

    The query parameters `state` and `nodeReference` select among them.
    """
    try:
        caller = _caller()
        if caller.user_identifier is None:
            raise NotAuthorisedError("sign in with HTTP Basic to see runs")
        user = None if caller.administers_all else caller.user_identifier
        state, reference = _state(), _reference()
        with resources().engine.begin() as connection:
            found = runs.recent(connection, user, state=state, reference=reference)
            shown = with_readable_references(connection, caller, found)
    except RelinkError as error:
        return failure(error)
    return jsonify(runs=[_shown(run) for run in shown if not reference or run.context_reference])


@blueprint.get("/runs/<int:identifier>")
@short_statements()
def run(identifier: int) -> Response:
    """Returns a run as JSON, with its progress."""
    try:
        return jsonify(_shown(_found(_caller(), identifier)))
    except RelinkError as error:
        return failure(error)


@blueprint.delete("/runs/<int:identifier>")
@short_statements()
def cancel(identifier: int) -> Response:
    """Asks a run to end after its present node. Returns 202, since that may take a moment."""
    try:
        found = _found(_caller(), identifier)
        with resources().engine.begin() as connection:
            runs.cancel(connection, found.identifier)
    except RelinkError as error:
        return failure(error)
    response = jsonify(_shown(found))
    response.status_code = 202
    return response


@blueprint.get("/runs/<int:identifier>/response")
@short_statements()
def kept_answer(identifier: int) -> Response:
    """Returns the XML response of an ended run as it was sent, to the user who started it and to administrators."""
    try:
        caller = _caller()
        found = _found(caller, identifier)
        if not may_read_answer(caller, found):
            raise Forbidden(
                f"the response of run {identifier} is only for the user who started it and for administrators"
            )
        parts = _parts(resources().engine, found.identifier)
        first = next(parts, None)
        if first is None:
            raise Refused(404, f"run {identifier} is {found.state.value} and has no response")
    except RelinkError as error:
        return failure(error)
    response = Response(answers.decompressed(chain([first], parts)), content_type=CONTENT_TYPE)
    response.headers[ERROR_NUMBER] = str(found.error_number or 0)
    return response


def _parts(engine: Engine, run: int) -> Iterator[bytes]:
    """Reads the parts of a kept response one by one: a slow client keeps neither them nor a connection waiting."""
    for number in count():
        with snapshot(engine) as connection:
            part = answers.kept_part(connection, run, number)
        if part is None:
            return
        yield part


def _found(caller: Caller, identifier: int) -> Run:
    """Returns the run if the caller may see it; otherwise the run is reported as not existing."""
    with resources().engine.begin() as connection:
        found = runs.find(connection, identifier) if identifier < 2**31 else None
        if found is not None and may_see(connection, caller, found):
            return with_readable_references(connection, caller, [found])[0]
    if caller.user_identifier is None:
        raise NotAuthorisedError("sign in with HTTP Basic to see a run")
    raise Refused(404, f"there is no run {identifier}")


def _caller() -> Caller:
    return resources().sign_in.caller(credentials(request, {}), request.remote_addr or "")


def _state() -> RunState | None:
    given = collapsed(request.args.get("state", ""))
    if not given:
        return None
    if given not in list(RunState):
        raise NotValidError([("state", f"is not one of {', '.join(RunState)}")])
    return RunState(given)


def _reference() -> str | None:
    given = collapsed(request.args.get("nodeReference", ""))
    try:
        return check_node_reference(given) if given else None
    except InvalidReferenceError as error:
        raise NotValidError([("nodeReference", str(error))]) from None


def _shown(found: Run) -> dict[str, object]:
    return {
        "run": found.identifier,
        "state": found.state.value,
        **_context(found),
        "options": {_OPTIONS.get(name, name): value for name, value in found.options.items()},
        "steps": found.steps,
        "done": found.done,
        "errorNumber": found.error_number,
        "startedAt": time_text(found.started_at),
        "finishedAt": time_text(found.finished_at) if found.finished_at else None,
    }


def _context(found: Run) -> dict[str, str | None]:
    if found.solution_identifier is not None:
        return {"solutionId": found.solution_identifier}
    return {"nodeReference": found.context_reference}
