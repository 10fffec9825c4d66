"""Tables and sentences on a terminal, folded to its width.

Imported only when something is printed on a terminal, because importing rich takes a fifth of the start of a command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from app.commands.update_list import Update, Updates

FIRST = 40
"""How many updates are shown unless all are asked for."""

_LEAST_ROOM = 24
_READABLE = 12
"""A column that is folded keeps at least this width."""
_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z")
"""Matches a time. A table shows it in whole seconds, with a space where the line may break."""
_STYLES = {"version": "green", "change": "cyan", "warning": "yellow", "error": "red"}


def terminal(*, err: bool = False) -> Console:
    """Return the terminal on standard output, or with `err` on standard error."""
    return Console(stderr=err, highlight=False)


def print_sentence(console: Console, text: str) -> None:
    """Print a sentence in lines that are broken between its words."""
    console.print(Text(text))


def print_table(console: Console, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under headings. Where a terminal is too narrow for them, each field has a line of its own."""
    cells = [[_TIME.sub(r"\1 \2Z", cell) for cell in row] for row in rows]
    columns = list(zip(headings, *cells, strict=True))
    if sum(map(_needed, columns)) > console.width:
        for row in cells:
            _print_record(console, headings, row)
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_header=any(headings))
    for column in columns:
        table.add_column(column[0], overflow="fold", no_wrap=not any(" " in cell for cell in column))
    for row in cells:
        table.add_row(*map(Text, row))
    console.print(table)


def _needed(column: Sequence[str]) -> int:
    """Return the width that a column needs so that no word of it is broken, with the space after it."""
    longest_word = max(len(word) for cell in column for word in ["", *cell.split(" ")])
    return max(longest_word, min(max(map(len, column)), _READABLE)) + 2


def _print_record(console: Console, headings: Sequence[str], row: Sequence[str]) -> None:
    """Print a row with a line for each field that is not empty."""
    for heading, cell in zip(headings, row, strict=True):
        if cell:
            console.print(Text.assemble((f"{heading} " if heading else "", "bold"), Text(cell, overflow="fold")))
    console.print()


def print_first_updates(console: Console, updates: Updates, *, everything: bool) -> None:
    """Print the first updates, or all of them, and how many more there are."""
    shown = updates.rows if everything else updates.rows[:FIRST]
    print_update_table(console, shown)
    if len(shown) < len(updates.rows):
        console.print(f"... and {len(updates.rows) - len(shown):,} more (--all shows them)")


def print_update_table(console: Console, rows: list[Update]) -> None:
    """Print rows under headings, in lines that are folded to the width of the terminal.

    On a narrow terminal, each row has a line for its node and lines for the rest.
    """
    if not rows:
        return
    before = [max(map(len, column)) + 2 for column in _columns(rows)]
    if console.width - sum(before) < _LEAST_ROOM:
        for row in rows:
            console.print(Text(row.reference, "bold", overflow="fold"))
            console.print(Padding(Text.assemble(f"{row.version} ", _kind(row), f" {row.changes}"), (0, 0, 0, 2)))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("node", "version", "update"):
        table.add_column(name, no_wrap=True)
    table.add_column("what changes", overflow="fold")
    for row in rows:
        table.add_row(Text(row.reference), row.version, Text(*_kind(row)), Text(row.changes))
    console.print(table)


def _columns(rows: list[Update]) -> Iterator[list[str]]:
    yield ["node", *(row.reference for row in rows)]
    yield ["version", *(row.version for row in rows)]
    yield ["update", *(row.kind for row in rows)]


def _kind(row: Update) -> tuple[str, str]:
    return row.kind, _STYLES.get(row.kind, "")
