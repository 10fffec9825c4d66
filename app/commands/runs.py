"""`relink run`."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import click

from app.commands.asynchronous import EXIT_CANCELLED
from app.commands.groups import CommandGroup
from app.commands.interrupts import Interrupted, Interrupts
from app.commands.progress import shown_progress
from app.commands.reading import json_option
from app.commands.rows import Row, print_json, print_rows
from app.commands.run_record import DONE, RunStatus
from app.commands.service import PARTIAL, ServiceClient, with_service
from app.commands.texts import COLLAPSED
from app.commands.updates import EXIT_PARTIAL
from app.commands.watching import Watch

_STATES = ("queued", "running", "done", "cancelled", "interrupted")
_OPEN = ("queued", "running")
_HEADINGS = ("run", "state", "service", "action", "context", "user", "steps", "began", "reason")
_MOST_IN_A_PAGE = 1000
_run_as_json = click.option("--json", "as_json", is_flag=True, help="Print the run as JSON.")


@click.group(cls=CommandGroup)
def run() -> None:
    """List, watch and cancel runs: forces, roll-outs, and requests that a worker carries out.

    RUN is the number of a run, as `relink force` and `relink run list` print it.
    """


@run.command("list", short_help="List runs, the newest first.")
@click.option("--state", type=click.Choice(_STATES), help="Only runs in this state.")
@click.option("--context", metavar="REFERENCE", type=COLLAPSED, help="Only runs of this node, or of a solution's id.")
@click.option("--started-by", metavar="USER", type=COLLAPSED, help="Only runs that this user has started.")
@click.option("--failed", is_flag=True, help="Only runs that have ended without doing all that was asked.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="The most runs to list.")
@json_option
@with_service
def show_all(
    service: ServiceClient,
    state: str | None,
    context: str | None,
    started_by: str | None,
    failed: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List your runs, and those whose context you may administer, the newest first.

    One line for each: number, state, service, action, context, user, steps done and planned, begin, reason of its end.

    \b
    Example:
      relink run list --failed
    """
    given = {"state": state, "context": context, "user": started_by, "failed": "true" if failed else None}
    wanted = {name: value for name, value in given.items() if value is not None}
    found = [each for _, each in zip(range(limit), _listed(service, wanted, limit), strict=False)]
    if as_json:
        print_json(found)
    else:
        print_rows(_HEADINGS, map(_row, found))


@run.command(short_help="Show a run.")
@click.argument("number", metavar="RUN", type=click.IntRange(1))
@json_option
@with_service
def show(service: ServiceClient, number: int, as_json: bool) -> None:
    """Show a run: what was requested, by whom and when, how far the run is, and why it stopped.

    One line for each: name, value.

    \b
    Example:
      relink run show 17
    """
    found = service.json(f"/runs/{number}")
    if as_json:
        print_json(found)
    else:
        print_rows(("", ""), _fields(found))


@run.command(short_help="Wait until a run ends, and show its progress.")
@click.argument("number", metavar="RUN", type=click.IntRange(1))
@_run_as_json
@with_service
def watch(service: ServiceClient, number: int, as_json: bool) -> None:
    """Wait until a run ends, and show its progress on standard error.

    With --json, the run is printed when it has ended.

    The exit code is 0 if the run is done, 8 if some of its updates were bypassed, and 1 if it was cancelled or
    interrupted. Ctrl-C leaves the run as it is.

    \b
    Example:
      relink run watch 17
    """
    with shown_progress() as display, Interrupts() as interrupts:
        watch = Watch(service, number, interrupts, display)
        try:
            found = watch.ended()
        except Interrupted:
            display.say(f"run {number} continues; 'relink run cancel {number}' cancels it")
            raise SystemExit(EXIT_CANCELLED) from None
    if as_json:
        print_json(watch.record)
    else:
        click.echo(_ended(found))
    if found.state != DONE:
        raise SystemExit(1)
    if found.error_number == PARTIAL:
        raise SystemExit(EXIT_PARTIAL)


@run.command(short_help="Ask a run to end.")
@click.argument("number", metavar="RUN", type=click.IntRange(1))
@_run_as_json
@with_service
def cancel(service: ServiceClient, number: int, as_json: bool) -> None:
    """Ask a run to end. A run that has begun ends after its current node or instance.

    With --json, the run is printed in its state after the request. A run that was still queued is then already
    cancelled.

    \b
    Example:
      relink run cancel 17
    """
    before = service.json(f"/runs/{number}")
    if before["state"] not in _OPEN:
        raise click.ClickException(f"run {number} has ended: it is {before['state']}")
    found = service.json(f"/runs/{number}", "DELETE")
    if as_json:
        print_json(found)
    elif found["state"] in _OPEN:
        click.echo(f"run {number} is asked to end; 'relink run watch {number}' waits for its end")
    else:
        click.echo(_ended(RunStatus.of(found)))


def _ended(run: RunStatus) -> str:
    """Return how a run has ended, why, and how much of it was done."""
    reason = f": {run.reason}" if run.reason else ""
    left = "" if run.state == DONE else f"; {run.what_was_done()}"
    return f"run {run.identifier} is {run.state}{reason}{left}"


def _listed(service: ServiceClient, wanted: dict[str, str], limit: int) -> Iterator[dict[str, object]]:
    path: object = f"/runs?{urlencode({**wanted, 'limit': min(limit, _MOST_IN_A_PAGE)})}"
    while isinstance(path, str):
        page = service.json(path)
        runs = page["runs"]
        yield from runs if isinstance(runs, list) else ()
        path = page.get("next")


def _context(found: dict[str, object]) -> object:
    return found.get("nodeReference") or found.get("solutionId")


def _row(found: dict[str, object]) -> Row:
    names = ("run", "state", "service", "action")
    steps = f"{found['done']}/{found['steps']}" if found["steps"] else ""
    return [*map(found.get, names), _context(found), found["user"], steps, found["startedAt"], found["reason"]]


def _fields(found: dict[str, object]) -> Iterator[Row]:
    for name, value in found.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{within}", each) for within, each in value.items())
        else:
            yield name, value
