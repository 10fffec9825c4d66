"""A run from its beginning to its end, and the list of runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import Connection

from app.console.nodes.addresses import node_url
from app.console.pages import Crumb, page
from app.console.responses import secured, see_other
from app.console.services import services
from app.console.updates.addresses import RUNS, run_url
from app.console.updates.drawing import drawing
from app.console.updates.graph import OTHERS, Box, graph_of
from app.console.updates.planning import csv_response, svg_response
from app.console.updates.requests import SERVICE, UpdateRequest
from app.console.updates.rows import KINDS, Overview, UpdateFilter, kept_entries, look_at
from app.console.visitor import caller, session
from app.database.connection import short_statements
from app.runs import record
from app.runs.access import as_readable, may_read_response, may_see
from app.runs.listing import Outcome, RunFilter, count_outcomes, outcomes, visible_runs
from app.runs.queued import Waiting, waiting
from app.runs.record import Run, RunState
from app.runs.wanted import IMPACT
from app.text import is_whole_number
from app.web.context import resources
from app.web.refusal import Forbidden, Refused
from app.web.run_events import event_stream
from app.web.run_json import run_json

blueprint = Blueprint("runs", __name__)

_PAGE = 50
_OUTCOMES = 100
_DIGITS = 18
_FAILED = "failed"
_WHAT = {SERVICE: "Update", "NodeImport": "Import", "UpdateSolutionInstances": "Roll-out"}


@dataclass(frozen=True)
class Progress:
    """What a visitor may know of a run beside its state: its outcomes only if the visitor may read its response."""

    waiting: Waiting | None
    may_read: bool
    counts: Counter[str] = field(default_factory=Counter)
    outcomes: list[Outcome] = field(default_factory=list)
    following: int | None = None


@blueprint.get("/runs")
@short_statements()
def runs() -> Response:
    """Show the runs that the visitor may see, newest first."""
    given = {name: request.args.get(name, "").strip() for name in ("state", "user", "node")}
    wanted, only_failed = _filter(given)
    after = _number("after")
    with resources().engine.begin() as connection:
        found, following = visible_runs(connection, caller(), wanted, after=after or None, limit=_PAGE)
        shown = as_readable(connection, caller(), found)
    # A run whose context the visitor may no longer read is not found by that context.
    shown = [run for run in shown if wanted.context is None or run.context_reference is not None]
    if only_failed:
        shown = [run for run in shown if is_failed(run)]
    given = {name: text for name, text in given.items() if text}
    return page(
        "runs/list.html",
        "Runs",
        section="Runs",
        runs=shown,
        given=given,
        states=[*(state.value for state in RunState), _FAILED],
        following=f"{RUNS}?{urlencode({**given, 'after': following})}" if following else "",
        first=f"{RUNS}?{urlencode(given)}" if after else "",
        title_of=title_of,
        is_failed=is_failed,
    )


@blueprint.get("/runs/<int:identifier>")
@short_statements()
def run(identifier: int) -> Response:
    """Show a run: its progress while it works, and its updates when it has ended."""
    filters = UpdateFilter(**{name: request.args.get(name, "").strip() for name in ("kind", "text", "after", "why")})
    with resources().engine.begin() as connection:
        found = _found(connection, identifier)
        progress = _progress(connection, found)
    overview = _overview(found, progress, filters)
    graph = None if overview is None else graph_of(overview)
    again = _again(found)
    host, user = request.host_url, session().logon_reference
    return page(
        "runs/run.html",
        f"Run {identifier}",
        section="Runs",
        crumbs=(Crumb("Runs", RUNS),),
        run=found,
        what=title_of(found),
        progress=progress,
        counts=progress.counts if overview is None else overview.counts,
        found=overview,
        filters=filters,
        kinds=KINDS,
        context_url=None if found.context_reference is None else node_url(found.context_reference),
        drawing="" if graph is None else drawing(graph, partial(_box_address, identifier)),
        is_counted=graph is not None and graph.is_counted,
        is_failed=is_failed(found),
        again=again,
        curl="" if again is None else again.curl(host, user, ""),
        command="" if again is None else again.command(host, user, ""),
        here=partial(_here, identifier, filters),
        outcomes_after=run_url(identifier, outcomes=str(progress.following or "")),
    )


@blueprint.get("/runs/<int:identifier>/state")
@short_statements()
def state(identifier: int) -> Response:
    """Return the state of a run as JSON, for the script of the page."""
    with resources().engine.begin() as connection:
        found = _found(connection, identifier)
        return secured(jsonify(run_json(found, waiting(connection, found))))


@blueprint.get("/runs/<int:identifier>/events")
@short_statements()
def events(identifier: int) -> Response:
    """Return the progress of a run as server-sent events, for the script of the page."""
    shared = resources()
    with shared.engine.begin() as connection:
        found = _found(connection, identifier)
        waits = waiting(connection, found)
    return event_stream(shared.engine, caller(), found, waits, shared.workload.streams)


@blueprint.post("/runs/<int:identifier>/cancel")
@short_statements()
def cancel(identifier: int) -> Response:
    """Ask a run to end after its present node."""
    with resources().engine.begin() as connection:
        found = _found(connection, identifier)
        record.cancel(connection, found.identifier, caller().user_identifier)
    return see_other(run_url(identifier))


@blueprint.get("/runs/<int:identifier>/response.xml")
@short_statements()
def as_xml(identifier: int) -> Response:
    """Return the response of a run as it was sent."""
    response = services().kept_response(_readable(identifier))
    if response is None:
        raise Refused(404, f"Run {identifier} has no response.")
    response.headers["Content-Disposition"] = f"attachment; filename=run-{identifier}.xml"
    return secured(response)


@blueprint.get("/runs/<int:identifier>/updates.csv")
@short_statements()
def as_csv(identifier: int) -> Response:
    """Return the updates of a run as a table for a spreadsheet."""
    rows = [entry.row() for entry in kept_entries(services().updates(_readable(identifier)))]
    return csv_response(rows, f"run-{identifier}.csv")


@blueprint.get("/runs/<int:identifier>/drawing.svg")
@short_statements()
def as_svg(identifier: int) -> Response:
    """Return the drawing of the updates of a run as a file."""
    found = look_at(
        kept_entries(services().updates(_readable(identifier))), UpdateFilter(why=request.args.get("why", ""))
    )
    return svg_response(found, f"run-{identifier}.svg")


def title_of(run: Run) -> str:
    """Return what a run does, in words."""
    on = run.context_reference if run.solution_identifier is None else f"solution {run.solution_identifier}"
    what = _WHAT.get(run.service, run.service)
    return f"{what if run.action != IMPACT else f'{what}, impact only'} {f'of {on}' if on else ''}".strip()


def is_failed(run: Run) -> bool:
    """Return whether a run has ended without doing all that was asked."""
    return not run.state.is_open and (run.state is not RunState.DONE or run.error_number not in (None, 0))


def _found(connection: Connection, identifier: int) -> Run:
    """Return a run if the visitor may see it; otherwise it does not exist."""
    found = record.find(connection, identifier)
    if found is None or not may_see(connection, caller(), found):
        raise Refused(404, f"There is no run {identifier}, or you may not see it.")
    return as_readable(connection, caller(), [found])[0]


def _readable(identifier: int) -> Run:
    """Return a run whose response the visitor may read."""
    with resources().engine.begin() as connection:
        found = _found(connection, identifier)
        if not may_read_response(connection, caller(), found):
            raise Forbidden(f"Only the user who started run {identifier}, and administrators, can read its updates.")
    return found


def _progress(connection: Connection, found: Run) -> Progress:
    waits = waiting(connection, found)
    if not may_read_response(connection, caller(), found):
        return Progress(waits, may_read=False)
    listed, following = outcomes(connection, caller(), found.identifier, after=_number("outcomes"), limit=_OUTCOMES)
    counts = Counter(count_outcomes(connection, found.identifier))
    return Progress(waits, True, counts, listed, following)


def _overview(found: Run, progress: Progress, filters: UpdateFilter) -> Overview | None:
    """Return the updates of a run of UpdateNodeVersions that has ended, or None if there are none to show."""
    if found.state.is_open or not progress.may_read or found.service != SERVICE:
        return None
    overview = look_at(kept_entries(services().updates(found)), filters)
    return overview if overview.total else None


def _again(found: Run) -> UpdateRequest | None:
    """Return the request that does the rest of an update."""
    if found.service != SERVICE or found.context_reference is None:
        return None
    return UpdateRequest.of_run(found.context_reference, found.options)


def _filter(given: dict[str, str]) -> tuple[RunFilter, bool]:
    """Return which runs are shown, and whether only those that failed. Raises Refused for a state that there is not."""
    chosen = given["state"]
    if chosen and chosen != _FAILED and chosen not in set(RunState):
        raise Refused(400, "The parameter state must be one of " + ", ".join([*RunState, _FAILED]) + ".")
    state_of = RunState(chosen) if chosen and chosen != _FAILED else None
    return RunFilter(state_of, given["node"] or None, None, given["user"] or None), chosen == _FAILED


def _number(name: str) -> int:
    given = request.args.get(name, "")
    if given and not (is_whole_number(given) and len(given) <= _DIGITS):
        raise Refused(400, f"The parameter {name} must be a number.")
    return int(given or 0)


def _here(identifier: int, filters: UpdateFilter, **changed: str) -> str:
    return run_url(identifier, **{"kind": filters.kind, "text": filters.text, "why": filters.why, **changed})


def _box_address(identifier: int, box: Box) -> str:
    if box.count or " " in box.key:
        return run_url(identifier, text="" if box.package == OTHERS else box.package) + "#rows"
    return run_url(identifier, why=box.key) + "#why"
