"""The progress of a run for the script of its page, as server-sent events or as JSON."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app.console.responses import secured
from app.console.updates.addresses import number_in
from app.console.updates.found_run import found_run
from app.console.updates.outcomes import Following
from app.console.visitor import caller
from app.database.connection import short_statements
from app.runs.queued import waiting
from app.web.context import resources
from app.web.run_events import event_stream
from app.web.run_json import run_json

blueprint = Blueprint("run_progress", __name__)


@blueprint.get("/runs/<int:identifier>/state")
@short_statements()
def state(identifier: int) -> Response:
    """Return the state of a run, with its counters and its outcomes since those that the page has."""
    following = Following(number_in(request.args, "after"))
    with resources().engine.begin() as connection:
        found = found_run(connection, identifier)
        details = following(connection, caller(), found)
        return secured(jsonify({**run_json(found, waiting(connection, found)), **details}))


@blueprint.get("/runs/<int:identifier>/events")
@short_statements()
def events(identifier: int) -> Response:
    """Return the same as server-sent events."""
    shared, following = resources(), Following(number_in(request.args, "after"))
    with shared.engine.begin() as connection:
        found = found_run(connection, identifier)
        waits = waiting(connection, found)
    return event_stream(shared.engine, caller(), found, waits, shared.workload.streams, following)
