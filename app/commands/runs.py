"""`relink run`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlencode

import click

from app.commands.groups import CommandGroup
from app.commands.progress import shown_progress
from app.commands.reading import json_option
from app.commands.rows import Row, print_json, print_rows
from app.commands.service import PARTIAL, NoResponseError, Run, ServiceClient, with_service
from app.commands.texts import COLLAPSED
from app.commands.updates import EXIT_PARTIAL

_STATES = ("queued", "running", "done", "cancelled", "interrupted")
_OPEN = ("queued", "running")
_HEADINGS = ("run", "state", "service", "action", "context", "user", "steps", "began", "reason")
_MOST_IN_A_PAGE = 1000
_LOOK_EVERY = 0.5
_LONGEST_ABSENCE = 60.0
_EXIT_INTERRUPTED = 130


@click.group(cls=CommandGroup, short_help="List, watch and cancel runs.")
def run() -> None:
    """List, watch and cancel runs: forces, roll-outs, and requests that a worker carries out.

    RUN is the number of a run, as `relink force` and `relink run list` print it.
    """


@run.command("list", short_help="List runs, the newest first.")
@click.option("--state", type=click.Choice(_STATES), help="Only runs in this state.")
@click.option("--context", metavar="REFERENCE", type=COLLAPSED, help="Only runs of this node, or of a solution's id.")
@click.option("--started-by", metavar="USER", type=COLLAPSED, help="Only runs that this user has started.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="The most runs to list.")
@json_option
@with_service
def show_all(
    service: ServiceClient, state: str | None, context: str | None, started_by: str | None, limit: int, as_json: bool
) -> None:
    """List your runs, and those whose context you may administer, the newest first.

    One line for each: number, state, service, action, context, user, steps done and planned, begin, reason of its end.

    \b
    Example:
      relink run list --state interrupted
    """
    given = {"state": state, "context": context, "user": started_by}
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
        print_rows(("of the run", ""), _fields(found))


@run.command(short_help="Wait until a run ends, and show its progress.")
@click.argument("number", metavar="RUN", type=click.IntRange(1))
@with_service
def watch(service: ServiceClient, number: int) -> None:
    """Wait until a run ends, and show its progress on standard error.

    The exit code is 0 if the run is done, 8 if some of its updates were bypassed, and 1 if it was cancelled or
    interrupted. Ctrl-C leaves the run as it is.

    \b
    Example:
      relink run watch 17
    """
    try:
        found = _watched(service, number)
    except KeyboardInterrupt:
        click.echo(f"run {number} continues; 'relink run cancel {number}' cancels it", err=True)
        raise SystemExit(_EXIT_INTERRUPTED) from None
    reason = f": {found['reason']}" if found.get("reason") else ""
    click.echo(f"run {number} is {found['state']}{reason}")
    if found["state"] != "done":
        raise SystemExit(1)
    if found.get("errorNumber") == PARTIAL:
        raise SystemExit(EXIT_PARTIAL)


@run.command(short_help="Ask a run to end.")
@click.argument("number", metavar="RUN", type=click.IntRange(1))
@with_service
def cancel(service: ServiceClient, number: int) -> None:
    """Ask a run to end. A run that has begun ends after its current node or instance.

    \b
    Example:
      relink run cancel 17
    """
    before = service.json(f"/runs/{number}")
    if before["state"] not in _OPEN:
        raise click.ClickException(f"run {number} has ended: it is {before['state']}")
    service.json(f"/runs/{number}", "DELETE")
    click.echo(f"run {number} is asked to end; 'relink run watch {number}' waits for its end")


def _listed(service: ServiceClient, wanted: dict[str, str], limit: int) -> Iterator[dict[str, object]]:
    path: object = f"/runs?{urlencode({**wanted, 'limit': min(limit, _MOST_IN_A_PAGE)})}"
    while isinstance(path, str):
        page = service.json(path)
        runs = page["runs"]
        yield from runs if isinstance(runs, list) else ()
        path = page.get("next")


def _watched(service: ServiceClient, number: int) -> dict[str, object]:
    """Return the run when it has ended. A service that does not respond is asked again for a minute."""
    absent_since: float | None = None
    with shown_progress() as show_progress:
        while True:
            try:
                found = service.json(f"/runs/{number}")
            except NoResponseError:
                absent_since = absent_since or time.monotonic()
                if time.monotonic() - absent_since > _LONGEST_ABSENCE:
                    raise
            else:
                absent_since = None
                match found:
                    case {"steps": int(steps), "done": int(done)}:
                        show_progress(Run(number, steps, done))
                if found["state"] not in _OPEN:
                    return found
            time.sleep(_LOOK_EVERY)


def _context(found: dict[str, object]) -> object:
    return found.get("nodeReference") or found.get("solutionId")


def _row(found: dict[str, object]) -> Row:
    names = ("run", "state", "service", "action")
    steps = f"{found['done']}/{found['steps']}"
    return [*map(found.get, names), _context(found), found["user"], steps, found["startedAt"], found["reason"]]


def _fields(found: dict[str, object]) -> Iterator[Row]:
    for name, value in found.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{within}", each) for within, each in value.items())
        else:
            yield name, value
