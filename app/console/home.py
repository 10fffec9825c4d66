"""The home page: what needs attention, and what has happened lately."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.console.activity import EventInWords, in_words
from app.console.pages import page
from app.console.responses import see_other
from app.console.updates.titles import Titles
from app.console.urls import HOME
from app.console.visitor import caller
from app.database.connection import DatabaseBusyError, short_statements
from app.database.engine import snapshot
from app.identity.audit import read_audit
from app.identity.rights import Caller
from app.nodes.out_of_date import OutOfDate, read_out_of_date
from app.runs.access import as_readable
from app.runs.listing import RunFilter, visible_runs
from app.runs.queued import Workers, read_workers
from app.runs.record import Run, RunState
from app.solutions.instances.counting import Behind, WaitingCount, count_behind, count_waiting
from app.solutions.messages import Undelivered, count_undelivered
from app.web.context import resources

blueprint = Blueprint("home", __name__)

_PACKAGES = 8
_RUNS = 8
_FAILED = 20
_RECENT = timedelta(days=7)
_EVENTS = 12
_SECONDS = 2.0
"""The packages that are out of date and the instances that wait are not shown if it takes longer to find them."""


@dataclass(frozen=True)
class Operations:
    """What concerns those who may administer solutions, or everything."""

    behind: Behind | None = None
    waiting: WaitingCount | None = None
    undelivered: Undelivered | None = None
    workers: Workers | None = None
    events: list[EventInWords] = field(default_factory=list)


@blueprint.get("/")
def home_with_slash() -> Response:
    """Redirect to the page."""
    return see_other(HOME)


@blueprint.get("")
def home() -> Response:
    """Show the page."""
    who = caller()
    with short_statements(), resources().engine.begin() as connection:
        runs = as_readable(connection, who, _runs(connection, who))
        titles, failed = Titles.of(connection, who, runs), _failed(connection, who)
        operations = _operations(connection, who)
    return page(
        "home.html",
        "Home",
        section="Home",
        packages=_out_of_date(who),
        runs=runs,
        operations=operations,
        titles=titles,
        failed=failed,
        most_failed=_FAILED,
        is_administrator=who.administers_all,
    )


def _runs(connection: Connection, who: Caller) -> list[Run]:
    """Return the newest runs, those in progress first."""
    states = (RunState.RUNNING, RunState.QUEUED, None)
    found = [run for state in states for run in visible_runs(connection, who, RunFilter(state), limit=_RUNS)[0]]
    return list({run.identifier: run for run in found}.values())[:_RUNS]


def _failed(connection: Connection, who: Caller) -> int:
    """Return how many of the latest runs that have failed ended lately."""
    found, _ = visible_runs(connection, who, RunFilter(failed=True), limit=_FAILED)
    since = datetime.now(UTC) - _RECENT
    return sum(run.finished_at is not None and run.finished_at > since for run in found)


def _out_of_date(who: Caller) -> list[OutOfDate] | None:
    """Return the packages that are out of date, or None if the store is too large to find them while a page waits."""
    try:
        with short_statements(_SECONDS), snapshot(resources().engine) as connection:
            return read_out_of_date(connection, who, _PACKAGES)
    except DBAPIError as error:
        if isinstance(error.orig, DatabaseBusyError):
            return None
        raise


def _operations(connection: Connection, who: Caller) -> Operations:
    if not who.administers_solutions:
        return Operations()
    behind, undelivered = count_behind(connection), count_undelivered(connection)
    events = read_audit(connection, limit=_EVENTS) if who.administers_all else []
    return Operations(behind, _waiting(), undelivered, read_workers(connection), in_words(connection, events))


def _waiting() -> WaitingCount | None:
    """Return how many instances wait, or None if there are too many to judge while a page waits."""
    try:
        with short_statements(_SECONDS), snapshot(resources().engine) as connection:
            return count_waiting(connection)
    except DBAPIError as error:
        if isinstance(error.orig, DatabaseBusyError):
            return None
        raise
