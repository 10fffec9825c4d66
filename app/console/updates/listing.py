"""The list of runs, with filters."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from app.console.pages import page
from app.console.updates.addresses import RUNS, number_in
from app.console.updates.titles import Titles
from app.console.visitor import caller
from app.database.connection import short_statements
from app.runs.access import as_readable
from app.runs.listing import RunFilter, visible_runs
from app.runs.record import RunState
from app.text import collapsed
from app.web.context import resources
from app.web.refusal import Refused

blueprint = Blueprint("run_list", __name__)

FAILED: Final = "failed"
"""Selects the runs that have ended without doing all that was asked."""

_PAGE = 50


@blueprint.get("/runs")
@short_statements()
def runs() -> Response:
    """Show the runs that the visitor may see, newest first."""
    given = {name: collapsed(request.args.get(name, "")) for name in ("state", "user", "node")}
    given = {name: text for name, text in given.items() if text}
    wanted, after = _filter(given), number_in(request.args, "after")
    with resources().engine.begin() as connection:
        found, following = visible_runs(connection, caller(), wanted, after=after or None, limit=_PAGE)
        shown = as_readable(connection, caller(), found)
        titles = Titles.of(connection, caller(), shown)
    # A run whose context the visitor may no longer read is not found by that context.
    shown = [run for run in shown if wanted.context is None or run.context_reference is not None]
    return page(
        "runs/list.html",
        "Runs",
        section="Runs",
        runs=shown,
        titles=titles,
        given=given,
        states=[*(state.value for state in RunState), FAILED],
        following=f"{RUNS}?{urlencode({**given, 'after': following})}" if following else "",
        first=f"{RUNS}?{urlencode(given)}" if after else "",
    )


def _filter(given: dict[str, str]) -> RunFilter:
    """Return which runs are shown. Raises Refused for an unknown state."""
    chosen, failed = given.get("state"), None
    if chosen == FAILED:
        chosen, failed = None, True
    if chosen is not None and chosen not in set(RunState):
        raise Refused(400, "The parameter state must be one of " + ", ".join([*RunState, FAILED]) + ".")
    state = None if chosen is None else RunState(chosen)
    return RunFilter(state, given.get("node"), None, given.get("user"), failed=failed)
