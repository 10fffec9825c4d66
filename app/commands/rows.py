"""Lists on the command line: a table on a terminal, plain lines with tabs on a pipe, or JSON."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any

import click
from lxml import etree
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.response_json.writer import json_blocks

Row = Sequence[object]
_BLOCK = 64 * 1024
_READABLE = 12
"""A column that is folded keeps at least this width."""
_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z")
"""A time, which a table shows in seconds, with a space at which it may be folded."""


def print_rows(headings: Sequence[str], rows: Iterable[Row], console: Console | None = None) -> None:
    """Print rows: with headings in a table on a terminal; else one line for each, with tabs between the fields.

    They go to standard output if no console is given.
    """
    console = console or Console(highlight=False)
    if not console.file.isatty():
        for row in rows:
            click.echo("\t".join(map(_plain, row)))
        return
    cells = [[_TIME.sub(r"\1 \2Z", _plain(cell)) for cell in row] for row in rows]
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


def say(text: str) -> None:
    """Print a sentence about the rows: on standard error if the rows go to a pipe or a file."""
    console = Console(highlight=False)
    if console.file.isatty():
        console.print(Text(text))
    else:
        console.file.flush()  # so that the sentence comes after the rows if both go to the same place
        click.echo(text, err=True)


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


def print_json(document: object) -> None:
    """Print a document for programs."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def print_as_json(response: IO[bytes]) -> None:
    """Print a response, which may be very long, as `/servicejson` returns it."""
    output = sys.stdout.buffer
    for block in json_blocks(iter(lambda: response.read(_BLOCK), b"")):
        output.write(block)
    output.write(b"\n")
    output.flush()


def as_document(response: etree._Element) -> Any:  # noqa: ANN401 - JSON
    """Return a response as `/servicejson` returns it: with numbers, booleans and arrays as its schema has them."""
    return json.loads(b"".join(json_blocks([etree.tostring(response)])))


def _plain(cell: object) -> str:
    """Return the text of a cell in one line, without tabs; an empty text for None, and `true` or `false` as in XML."""
    if isinstance(cell, bool):
        return str(cell).lower()
    return "" if cell is None else " ".join(str(cell).split())
