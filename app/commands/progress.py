"""Shows what a command waits for, on standard error: a bar on a terminal, and elsewhere a line now and then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from app.commands.run_record import RunStatus
from app.commands.texts import note

_LINE_EVERY = 5.0
_QUIET_FOR = 5.0
_NARROW = 60


class Display(Protocol):
    """Where the progress of a command is shown."""

    def begin(self, text: str) -> None:
        """Show what the command does."""

    def show(self, run: RunStatus) -> None:
        """Show how far a run is."""

    def say(self, text: str) -> None:
        """Write a message on a line of its own."""


@contextmanager
def shown_progress() -> Iterator[Display]:
    """Yield a display for as long as the context lasts."""
    console = Console(stderr=True, highlight=False)
    if not console.file.isatty():
        yield _Lines()
        return
    bar = () if console.width < _NARROW else (BarColumn(bar_width=None),)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), *bar, TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress, progress.add_task("", total=None))


@contextmanager
def shown_waiting(text: str) -> Iterator[None]:
    """Show on a terminal that the command waits, with the seconds that have passed."""
    with shown_progress() as display:
        display.begin(text)
        yield


class _Bar:
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def begin(self, text: str) -> None:
        self._progress.update(self._task, description=text, total=None)

    def show(self, run: RunStatus) -> None:
        text = f"run {run.identifier}: {run.what_happens()}"
        self._progress.update(self._task, description=text, total=run.steps or None, completed=run.done)

    def say(self, text: str) -> None:
        self._progress.console.print(text, markup=False)


class _Lines:
    """A line at first, one every few seconds, and one at the end; none twice. Short waits are not worth a line."""

    def __init__(self) -> None:
        self._last = ""
        self._next = 0.0
        self._began = time.monotonic()

    def begin(self, text: str) -> None:
        pass

    def show(self, run: RunStatus) -> None:
        line = f"run {run.identifier}: {run.what_happens()}"
        now = time.monotonic()
        waits = run.state == "queued" or run.is_import
        if line == self._last or (waits and (not run.is_open or now < self._began + _QUIET_FOR)):
            return
        if now >= self._next or not run.is_open:
            self._last, self._next = line, now + _LINE_EVERY
            self.say(line)

    def say(self, text: str) -> None:
        note(text)
