"""Updates as files: a table for a spreadsheet, and the drawing."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Final, TypeAlias

from flask import Response

from app.console.responses import secured
from app.console.updates.drawing import drawing
from app.console.updates.graph import graph_of
from app.console.updates.rows import Entry, Overview

Cells: TypeAlias = tuple[object, ...]

UPDATE_COLUMNS: Final = ("node", "version", "new version", "name", "kind", "new type", "members", "reason", "why")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet may take a cell that begins with one of these for a formula (OWASP: CSV injection). The last four are
full-width forms of the first four."""
_LINES = 500
"""How many lines are sent at once."""


def csv_response(columns: Cells, lines: Iterable[Cells], name: str) -> Response:
    """Return a table for a spreadsheet. It is made while it is sent, in bounded memory."""
    response = Response(_blocks(columns, lines), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return secured(response)


def svg_response(found: Overview, name: str) -> Response:
    """Return the drawing of updates as a file."""
    response = Response(drawing(graph_of(found)), content_type="image/svg+xml; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return secured(response)


def update_cells(entry: Entry) -> Cells:
    """Return an update as the cells of a line with `UPDATE_COLUMNS`."""
    row = entry.row()
    members = "; ".join(
        f"{move.member_type} -> {move.target}" if move.target else f"{move.member_type} removed" for move in row.moves
    )
    why = " <- ".join(step.reference for step in reversed(row.why))
    return row.reference, row.number, row.new_number, row.name, row.kind, row.new_type, members, row.message, why


def _blocks(columns: Cells, lines: Iterable[Cells]) -> Iterator[str]:
    """Yield the table in blocks of lines."""
    block = StringIO()
    writer = csv.writer(block)
    writer.writerow(columns)
    for number, cells in enumerate(lines, start=1):
        writer.writerow([_harmless("" if cell is None else str(cell)) for cell in cells])
        if number % _LINES == 0:
            yield block.getvalue()
            block.seek(0)
            block.truncate()
    yield block.getvalue()


def _harmless(text: str) -> str:
    """Return a text as one that a spreadsheet does not take for a formula: an apostrophe stands before it."""
    return f"'{text}" if text.startswith(_FORMULA) else text
