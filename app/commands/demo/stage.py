"""Prints the steps of the demo, and checks the responses."""

from __future__ import annotations

from collections.abc import Sequence

import click
from lxml import etree
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.commands.service import Reply
from app.commands.tables import print_update_table
from app.commands.update_list import Updates

_WIDTH = 110


class Stage:
    """Standard output, as wide as the terminal or as a page."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        if not self._console.file.isatty():
            self._console = Console(highlight=False, width=_WIDTH)

    def part(self, title: str) -> None:
        """Print the title of the next part."""
        self._console.print(f"\n{title}\n", style="bold", markup=False)

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)

    def updates(self, updates: Updates, rows: int) -> None:
        """Print the first rows of a list of updates, and how many there are."""
        print_update_table(self._console, updates.rows[:rows])
        self.say(f"... and {len(updates.rows) - rows} more\n\n{updates.summary()}")

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        table = Table(*headings, box=None, padding=(0, 2, 0, 0), header_style="bold")
        for row in rows:
            table.add_row(*map(Text, row))
        self._console.print(table)


def clean(reply: Reply, number: int = 0) -> Reply:
    """Return the reply if it has this error number."""
    reply.required()
    require(reply.error_number == number, f"a response has error number {reply.error_number}, not {number}")
    return reply


def root(reply: Reply) -> etree._Element:
    """Return the root of the response, which can be read again."""
    found = etree.parse(reply.file).getroot()
    reply.file.seek(0)
    return found


def shortened(reply: Reply) -> str:
    """Return the response for people: indented, with one update of its list."""
    response = root(reply)
    updates = response.find("UpdateList")
    if updates is not None and len(updates) > 1:
        more = etree.Comment(f" and {len(updates) - 1} more ")
        del updates[1:]
        updates.append(more)
    etree.indent(response)
    return etree.tostring(response, encoding="unicode")


def require(condition: bool, otherwise: str) -> None:
    """End the demo if a result is not as expected."""
    if not condition:
        raise click.ClickException(otherwise)
