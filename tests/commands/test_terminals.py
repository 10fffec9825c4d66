"""Tables on terminals of several widths: what does not fit is folded, and no word is lost."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from app.commands.tables import FIRST, print_first_updates, print_table
from app.commands.update_list import Update, Updates
from tests.support.terminal import terminal

WIDTHS = [40, 60, 80, 120]
CHANGES = "NODE_LIST: " + ", ".join(f"N{number} 2" for number in range(50))


def shown(width: int, updates: Updates, *, everything: bool = False) -> list[str]:
    """The lines that a terminal of this width shows."""
    console = console_of(width)
    print_first_updates(console, updates, everything=everything)
    return [line.rstrip() for line in written(console).splitlines()]


def console_of(width: int) -> Console:
    return Console(file=Terminal(), width=width, no_color=True, color_system=None, highlight=False)


def written(console: Console) -> str:
    assert isinstance(console.file, Terminal)
    return console.file.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", WIDTHS)
def test_updates_are_folded(width: int) -> None:
    reference = "debian.bookworm.binutils_x86_64_linux_gnu"
    lines = shown(width, Updates("", [Update(reference, "1 -> 2", "version", CHANGES)], forced=False))
    assert max(map(len, lines)) <= width
    assert "".join("".join(lines).split()).count("N49") == 1
    words = " ".join(lines).split()
    assert "…" not in "".join(words)
    assert {"1", "->", "2", "version", "N0"} <= set(words)
    assert reference in "".join("".join(lines).split())


def test_of_many_rows_a_terminal_shows_the_first_or_all() -> None:
    updates = Updates("", [Update(f"P.N{number}", "1", "change", "x") for number in range(FIRST + 3)], forced=False)
    assert shown(80, updates)[-1] == "... and 3 more (--all shows them)"
    assert len(shown(80, updates)) == 1 + FIRST + 1
    assert len(shown(80, updates, everything=True)) == 1 + FIRST + 3


def test_names_are_not_read_as_markup() -> None:
    for width in WIDTHS:
        lines = shown(width, Updates("", [Update("P.A", "1", "warning", "[red]not[/red] done")], forced=False))
        assert "[red]not[/red] done" in " ".join(" ".join(lines).split())


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_list_of_many_columns_has_a_line_for_each_field(width: int) -> None:
    console = console_of(width)
    headings = ["run", "state", "service", "action", "context", "user", "steps", "began", "reason"]
    row = [
        "17",
        "interrupted",
        "UpdateNodeVersions",
        "force",
        "debian.bookworm",
        "ann",
        "3/9",
        "2026-11-26T10:00:00.000Z",
        "lost",
    ]
    print_table(console, headings, [row])
    text = written(console)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert "…" not in text
    row[headings.index("began")] = "2026-11-26 10:00:00Z"
    assert [f"{heading} {cell}" for heading, cell in zip(headings, row, strict=True)] == text.split("\n")[: len(row)]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_word_of_a_list_is_broken(width: int) -> None:
    console = console_of(width)
    cells = ["acme.catalog.Widget", "2026-11-26T10:00:01.123Z", "Widget with a long name", "system.NODE_LIST_TYPE.1"]
    print_table(console, ["node", "created", "name", "type"], [cells, ["acme.catalog.Bolt", "", "Bolt", "acme.T.1"]])
    text = written(console)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    words = "acme.catalog.Widget 2026-11-26 10:00:01Z Widget with long system.NODE_LIST_TYPE.1 Bolt acme.T.1"
    assert set(words.split()) <= set(text.split())


ERRORS = {
    ("token", "add", "x"): "give --master: user tokens are made by the mutation authorize",
    (
        "import",
        "a/file/that/is/not/here.xml",
    ): "Invalid value for 'FILE': File 'a/file/that/is/not/here.xml' does not exist.",
    ("force",): "Missing argument 'REFERENCE'.",
}


@pytest.mark.parametrize("arguments", list(ERRORS), ids=" ".join)
def test_messages_of_errors_are_folded_between_words(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "app.cli", *arguments]
    with terminal(command, {}, columns=50) as shell:
        assert shell.ended() == 2
        lines = shell.shown.splitlines()
    message = lines[lines.index("") + 1 :]
    assert max(map(len, lines)) <= 50
    assert " ".join(message) == f"Error: {ERRORS[arguments]}"
