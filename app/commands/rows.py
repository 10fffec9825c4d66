"""Lists on the command line: a table on a terminal, plain lines with tabs on a pipe, or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click
from lxml import etree
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.wire.json_writer import json_blocks

Row = Sequence[object]


def print_rows(headings: Sequence[str], rows: Iterable[Row]) -> None:
    """Print rows: with headings in a table on a terminal; else one line for each, with tabs between the fields."""
    console = Console(highlight=False)
    if not console.file.isatty():
        for row in rows:
            click.echo("\t".join(map(_plain, row)))
        return
    table = Table(*headings, box=None, padding=(0, 2, 0, 0), header_style="bold")
    for row in rows:
        table.add_row(*(Text(_plain(cell)) for cell in row))
    console.print(table)


def print_json(document: object) -> None:
    """Print a document for programs."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def as_document(response: etree._Element) -> Any:  # noqa: ANN401 - JSON
    """Return a response as `/servicejson` returns it: with numbers, booleans and arrays as its schema has them."""
    return json.loads(b"".join(json_blocks([etree.tostring(response)])))


def _plain(cell: object) -> str:
    """Return the text of a cell in one line, without tabs; an empty text for None."""
    return "" if cell is None else " ".join(str(cell).split())
