"""Waits for a force, with a progress bar on a terminal and a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Thread

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.commands.service import Reply, Run, ServiceClient
from app.text import counted

_POLL_EVERY = 0.2
_LINE_EVERY = 5.0

Show = Callable[[Run], None]


def wait_for_force(service: ServiceClient, node_reference: str, post: Callable[[], Reply]) -> Reply:
    """Posts a force and shows its progress on standard error until the response arrives.

    Ctrl-C asks the run to end after its present node, and waits for the response, which says what was done.
    """
    outcome: SimpleQueue[Reply | Exception] = SimpleQueue()
    Thread(target=_put_outcome, args=(post, outcome), daemon=True).start()
    with shown_progress() as show:
        try:
            result = _polled(service, node_reference, outcome, show)
        except KeyboardInterrupt:
            _cancel(service, node_reference)
            result = _polled(service, node_reference, outcome, show)
        if isinstance(result, Exception):
            raise result
        ended = service.run(result.headers["Relink-Run"]) if "Relink-Run" in result.headers else None
        if ended is not None:
            show(ended)
    return result


def _put_outcome(post: Callable[[], Reply], outcome: SimpleQueue[Reply | Exception]) -> None:
    try:
        outcome.put(post())
    except Exception as error:
        outcome.put(error)


def _polled(
    service: ServiceClient, node_reference: str, outcome: SimpleQueue[Reply | Exception], show: Show
) -> Reply | Exception:
    while True:
        try:
            return outcome.get(timeout=_POLL_EVERY)
        except Empty:
            run = service.running(node_reference)
            if run is not None:
                show(run)


def _cancel(service: ServiceClient, node_reference: str) -> None:
    run = service.running(node_reference)
    if run is None:
        raise click.Abort
    service.cancel(run.identifier)
    click.echo(
        f"run {run.identifier} ends after its present node; press Ctrl-C again to leave without waiting for that",
        err=True,
    )


@contextmanager
def shown_progress() -> Iterator[Show]:
    """Show the progress of a run: with a bar on a terminal, else with a line now and then."""
    console = Console(stderr=True)
    if not console.file.isatty():
        yield _Lines().show
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("planning", total=None)

        def show(run: Run) -> None:
            if run.steps:
                progress.update(task, description=f"run {run.identifier}", total=run.steps, completed=run.done)

        yield show


class _Lines:
    """A line at first, one every few seconds, and one at the end; none twice."""

    def __init__(self) -> None:
        self._last = ""
        self._next = 0.0

    def show(self, run: Run) -> None:
        line = f"run {run.identifier}: " + (f"{run.done} of {counted(run.steps, 'step')}" if run.steps else "planning")
        now = time.monotonic()
        if line != self._last and (now >= self._next or run.done == run.steps):
            self._last, self._next = line, now + _LINE_EVERY
            click.echo(line, err=True)
