"""The page of a run, from its beginning to its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.console.pages import Crumb, page
from app.console.responses import secured, see_other
from app.console.services import services
from app.console.solutions.addresses import solution_url
from app.console.updates.addresses import RUNS, number_in, run_url
from app.console.updates.drawing import drawing
from app.console.updates.exports import UPDATE_COLUMNS, csv_response, svg_response, update_cells
from app.console.updates.facts import facts_of
from app.console.updates.found_run import found_run, readable_run
from app.console.updates.graph import OTHERS, Box, BoxGraph, graph_of
from app.console.updates.moves import MOVE_COLUMNS, MOVE_KINDS, MovedOnPage, kept_moves, moves_on_page
from app.console.updates.outcomes import SHOWN, OutcomeRow, latest_rows, rows_of
from app.console.updates.requests import SERVICE, UpdateRequest
from app.console.updates.rows import KINDS, MOST_DRAWN, Overview, UpdateFilter, kept_entries, look_at, staged
from app.console.updates.titles import Titles
from app.console.visitor import caller, session
from app.database.connection import short_statements
from app.runs import record
from app.runs.access import may_read_response
from app.runs.listing import count_outcomes, outcomes
from app.runs.queued import Waiting, WaitingFor, Workers, read_workers, waiting
from app.runs.record import Run
from app.solutions.people.external_users import read_external_users
from app.solutions.rollout.bulk_run import NAME as ROLL_OUT
from app.updates.progress import read_staged
from app.web.context import resources
from app.web.refusal import Refused

blueprint = Blueprint("runs", __name__)


@dataclass
class Progress:
    """What a visitor may know of a run beside its record: its outcomes only if the visitor may read its response.

    While the run works, `listed` are its latest outcomes, and `graph` is what it is going to do, if that is known.
    `workers` are there if the run waits for one.
    """

    titles: Titles
    waiting: Waiting | None
    workers: Workers | None
    may_read: bool
    counts: Counter[str] = field(default_factory=Counter)
    listed: list[OutcomeRow] = field(default_factory=list)
    following: int | None = None
    graph: BoxGraph | None = None


@blueprint.get("/runs/<int:identifier>")
@short_statements()
def run(identifier: int) -> Response:
    """Show a run: its progress while it works, and what it has done when it has ended."""
    filters = UpdateFilter(**{name: request.args.get(name, "").strip() for name in ("kind", "text", "after", "why")})
    with resources().engine.begin() as connection:
        found = found_run(connection, identifier)
        progress = _progress(connection, found)
    overview, moves = _overview(found, progress, filters), _moves(found, progress, filters)
    graph = progress.graph if overview is None else graph_of(overview)
    shown = overview or moves
    again = _again(found)
    host, user = request.host_url, session().logon_reference
    title = progress.titles.title(found)
    address = None if overview is None else partial(_box_address, identifier)
    return page(
        "runs/run.html",
        f"Run {identifier}",
        section="Runs",
        crumbs=(Crumb("Runs", RUNS),),
        run=found,
        what=title,
        is_rollout=found.service == ROLL_OUT,
        facts=list(facts_of(found, progress.titles.solutions.get(found.solution_identifier or ""))),
        progress=progress,
        counts=progress.counts if shown is None else shown.counts,
        found=overview,
        moves=moves,
        owners=_owners(moves),
        filters=filters,
        kinds=MOVE_KINDS if found.service == ROLL_OUT else KINDS,
        drawing="" if graph is None else drawing(graph, address),
        most_drawn=MOST_DRAWN,
        is_counted=graph is not None and graph.is_counted,
        rest=_rest(found, again),
        curl="" if again is None else again.curl(host, user, ""),
        command="" if again is None else again.command(host, user, ""),
        here=partial(_here, identifier, filters),
        outcomes_after=run_url(identifier, outcomes=str(progress.following or "")),
        seen=progress.listed[0].number if progress.listed else 0,
    )


@blueprint.post("/runs/<int:identifier>/cancel")
@short_statements()
def cancel(identifier: int) -> Response:
    """Ask a run to end after its present node."""
    with resources().engine.begin() as connection:
        found = found_run(connection, identifier)
        record.cancel(connection, found.identifier, caller().user_identifier)
    return see_other(run_url(identifier))


@blueprint.get("/runs/<int:identifier>/response.xml")
@short_statements()
def as_xml(identifier: int) -> Response:
    """Return the response of a run as it was sent."""
    response = services().kept_response(readable_run(identifier))
    if response is None:
        raise Refused(404, f"Run {identifier} has no response.")
    response.headers["Content-Disposition"] = f"attachment; filename=run-{identifier}.xml"
    return secured(response)


@blueprint.get("/runs/<int:identifier>/updates.csv")
@short_statements()
def as_csv(identifier: int) -> Response:
    """Return the updates of a run as a table for a spreadsheet."""
    found = readable_run(identifier)
    updates = services().updates(found)
    if found.service == ROLL_OUT:
        moves = (move.cells for move in kept_moves(updates))
        return csv_response(MOVE_COLUMNS, moves, f"run-{identifier}.csv")
    return csv_response(UPDATE_COLUMNS, map(update_cells, kept_entries(updates)), f"run-{identifier}.csv")


@blueprint.get("/runs/<int:identifier>/drawing.svg")
@short_statements()
def as_svg(identifier: int) -> Response:
    """Return the drawing of the updates of a run as a file."""
    found = readable_run(identifier)
    if found.service != SERVICE:
        raise Refused(404, f"Run {identifier} has no drawing: it updates no nodes.")
    overview = look_at(kept_entries(services().updates(found)), UpdateFilter(why=request.args.get("why", "")))
    return svg_response(overview, f"run-{identifier}.svg")


def _progress(connection: Connection, found: Run) -> Progress:
    titles, waits = Titles.of(connection, caller(), [found]), waiting(connection, found)
    workers = read_workers(connection) if waits is not None and waits.what is WaitingFor.WORKER else None
    if not may_read_response(connection, caller(), found):
        return Progress(titles, waits, workers, may_read=False)
    progress = Progress(titles, waits, workers, True, Counter(count_outcomes(connection, found)))
    if found.state.is_open:
        progress.listed = latest_rows(connection, caller(), found)
        progress.graph = _planned_graph(connection, found)
    else:
        after = number_in(request.args, "outcomes")
        listed, progress.following = outcomes(connection, caller(), found.identifier, after=after, limit=SHOWN)
        progress.listed = rows_of(connection, listed)
    return progress


def _planned_graph(connection: Connection, found: Run) -> BoxGraph | None:
    """Return what a run of UpdateNodeVersions is going to do. A large one is drawn only when it has ended."""
    if found.service != SERVICE or not 0 < found.steps <= MOST_DRAWN:
        return None
    rows = staged(read_staged(connection, caller(), found.identifier, MOST_DRAWN))
    return graph_of(Overview(drawn=rows)) if rows else None


def _overview(found: Run, progress: Progress, filters: UpdateFilter) -> Overview | None:
    """Return the updates of a run of UpdateNodeVersions that has ended, or None if there are none to show."""
    if found.state.is_open or not progress.may_read or found.service != SERVICE:
        return None
    overview = look_at(kept_entries(services().updates(found)), filters)
    return overview if overview.total else None


def _moves(found: Run, progress: Progress, filters: UpdateFilter) -> MovedOnPage | None:
    """Return the moves of a roll-out that has ended, or None if there are none to show."""
    if found.state.is_open or not progress.may_read or found.service != ROLL_OUT:
        return None
    moves = moves_on_page(kept_moves(services().updates(found)), filters)
    return moves if moves.total else None


def _owners(moves: MovedOnPage | None) -> dict[str, str]:
    if moves is None:
        return {}
    with resources().engine.begin() as connection:
        owners = read_external_users(connection, {move.owner for move in moves.rows})
    return {user: owner.name for user, owner in owners.items()}


def _again(found: Run) -> UpdateRequest | None:
    """Return the request that does the rest of an update."""
    if found.service != SERVICE or found.context_reference is None:
        return None
    return UpdateRequest.of_run(found.context_reference, found.options)


def _rest(found: Run, again: UpdateRequest | None) -> str:
    """Return the address of the page that does the rest of a run, if it has left something undone."""
    if not found.has_failed:
        return ""
    if found.service == ROLL_OUT and found.solution_identifier is not None:
        target = found.options.get("targetReleaseNumber")
        return solution_url(found.solution_identifier, "rollout", **({"target": str(target)} if target else {}))
    return "" if again is None else again.address()


def _here(identifier: int, filters: UpdateFilter, **changed: str) -> str:
    return run_url(identifier, **{"kind": filters.kind, "text": filters.text, "why": filters.why, **changed})


def _box_address(identifier: int, box: Box) -> str:
    if box.count or " " in box.key:
        return run_url(identifier, text="" if box.package == OTHERS else box.package) + "#rows"
    return run_url(identifier, why=box.key) + "#why"
