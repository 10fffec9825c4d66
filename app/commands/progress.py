"""Shows what a command waits for, on standard error: a bar on a terminal, and elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from app.commands.run_record import RunStatus
from app.commands.texts import is_terminal, note

_LINE_EVERY = 5.0
_QUIET_FOR = 5.0


class Display(Protocol):
    """Where the progress of a command is shown."""

    def begin(self, text: str) -> None:
        """Show what the command does."""

    def show(self, run: RunStatus) -> None:
        """Show the progress of a run."""

    def say(self, text: str) -> None:
        """Write a message on a line of its own."""


@contextmanager
def shown_progress() -> Iterator[Display]:
    """Yield a display for as long as the context lasts."""
    if not is_terminal(sys.stderr):
        yield _Lines()
        return
    # Imported here, because it imports rich: see the module.
    from app.commands.progress_bar import shown_bar  # noqa: PLC0415

    with shown_bar() as bar:
        yield bar


@contextmanager
def shown_waiting(text: str) -> Iterator[None]:
    """Show on a terminal that the command waits, with the seconds that have passed."""
    with shown_progress() as display:
        display.begin(text)
        yield


class _Lines:
    """Prints a line at the start, every few seconds, and at the end, but never the same line twice in a row.

    A short wait prints nothing.
    """

    def __init__(self) -> None:
        self._last = ""
        self._next = 0.0
        self._began = time.monotonic()

    def begin(self, text: str) -> None:
        pass

    def show(self, run: RunStatus) -> None:
        line = f"run {run.identifier}: {run.what_happens()}"
        now = time.monotonic()
        waits = run.state == "queued" or not run.can_be_done_in_part
        if line == self._last or (waits and (not run.is_open or now < self._began + _QUIET_FOR)):
            return
        if now >= self._next or not run.is_open:
            self._last, self._next = line, now + _LINE_EVERY
            self.say(line)

    def say(self, text: str) -> None:
        note(text)
