"""A bar on a terminal that shows what a command waits for.

Imported only when it is shown on a terminal, because importing rich takes a fifth of the start of a command.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.constrain import Constrain
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TimeElapsedColumn
from rich.text import Text

from app.commands.run_record import RunStatus

_ROOM_FOR_CTRL_C = 2
"""Columns at the end of the line that stay free, so that the `^C` of the terminal does not break the line."""
_SPINNER = 2
_TIME = 9
_SHORTEST_BAR = 11
"""The widths of the parts of the line, each with the space between it and the text."""


@contextmanager
def shown_bar() -> Iterator[ProgressBar]:
    """Show a bar on standard error for as long as the context lasts."""
    with _Line(Console(stderr=True, highlight=False)) as line:
        yield ProgressBar(line, line.add_task("", total=None))


class _Line(Progress):
    """One line that fits the terminal. Where it is narrow, the bar is left out first, and then the time."""

    def __init__(self, console: Console) -> None:
        self._terminal = console
        self._spinner = SpinnerColumn()
        self._description = _Description()
        self._bar = BarColumn(bar_width=None)
        self._time = TimeElapsedColumn()
        super().__init__(console=console, transient=True)

    def get_renderable(self) -> RenderableType:
        width = max(_SPINNER + 1, self._terminal.width - _ROOM_FOR_CTRL_C)
        self.columns = self._columns(width - _SPINNER)
        return Constrain(super().get_renderable(), width)

    def _columns(self, width: int) -> tuple[ProgressColumn, ...]:
        text = max((cell_len(task.description) for task in self.tasks), default=0)
        if text + _TIME + _SHORTEST_BAR <= width:
            self._description.width = text
            return self._spinner, self._description, self._bar, self._time
        if text + _TIME <= width:
            self._description.width = width - _TIME
            return self._spinner, self._description, self._time
        self._description.width = min(text, width)
        return self._spinner, self._description


class _Description(ProgressColumn):
    """What a command does, cut at a width."""

    width = 1

    def render(self, task: Task) -> Text:
        text = Text(task.description, no_wrap=True)
        text.truncate(self.width, overflow="ellipsis")
        return text


class ProgressBar:
    """The bar, and the messages above it."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def begin(self, text: str) -> None:
        """Show what the command does."""
        self._progress.update(self._task, description=text, total=None)

    def show(self, run: RunStatus) -> None:
        """Show the progress of a run."""
        text = f"run {run.identifier}: {run.what_happens()}"
        self._progress.update(self._task, description=text, total=run.steps or None, completed=run.done)

    def say(self, text: str) -> None:
        """Write a message on a line of its own."""
        self._progress.console.print(text, markup=False)
