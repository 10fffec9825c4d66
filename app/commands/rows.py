"""Lists on the command line: a table on a terminal, plain lines with tabs on a pipe, or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any

import click
from lxml import etree

from app.commands.texts import is_terminal
from app.response_json.writer import json_blocks

Row = Sequence[object]
_BLOCK = 64 * 1024


def print_rows(headings: Sequence[str], rows: Iterable[Row], *, err: bool = False) -> None:
    """Print rows: with headings in a table on a terminal; else one line for each, with tabs between the fields.

    They go to standard output, or with `err` to standard error.
    """
    if not is_terminal(sys.stderr if err else sys.stdout):
        for row in rows:
            click.echo("\t".join(map(_plain, row)), err=err)
        return
    # Imported here, because it imports rich: see the module.
    from app.commands.tables import print_table, terminal  # noqa: PLC0415

    print_table(terminal(err=err), headings, [[_plain(cell) for cell in row] for row in rows])


def say(text: str, *, err: bool = False) -> None:
    """Print a sentence about the rows: on standard error if the rows go to a pipe or a file."""
    if is_terminal(sys.stderr if err else sys.stdout):
        from app.commands.tables import print_sentence, terminal  # noqa: PLC0415 - as in print_rows

        print_sentence(terminal(err=err), text)
    else:
        if sys.stdout is not None:
            sys.stdout.flush()  # so that the sentence comes after the rows if both go to the same place
        click.echo(text, err=True)


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
