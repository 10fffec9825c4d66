"""Text on the command line and on standard input: UTF-8, with white space as in requests."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable
from typing import Final, TextIO

import click

from app.text import collapsed, is_writable

MOST_BYTES: Final = 8192
"""Standard input may have at most this many bytes, which is more than any password may have."""


class CollapsedParameter(click.ParamType[str]):
    """A parameter whose white space is collapsed, like the same field in a request."""

    name = "text"

    def convert(self, value: str, _parameter: click.Parameter | None, _context: click.Context | None) -> str:
        return collapsed(value)


COLLAPSED: Final = CollapsedParameter()


def check_arguments(arguments: Iterable[str]) -> None:
    """Raise UsageError for an argument that is not UTF-8, or that has control characters."""
    for argument in arguments:
        if not is_writable(argument):
            shown = ascii(argument[:100])
            wrong = "has control characters" if is_utf_8(argument) else "is not UTF-8"
            raise click.UsageError(f"the argument {shown} {wrong}: give text in UTF-8")


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal. Python has no stream where the shell has closed it."""
    return stream is not None and stream.isatty()


def note(text: str) -> None:
    """Print a sentence on standard error."""
    click.echo(folded(text), err=True)


def folded(text: str, prefix: str = "") -> str:
    """Return a text in lines between whose words a terminal on standard error does not have to break.

    `prefix` is what is printed before the text. The text is unchanged if there is no terminal.
    """
    if not is_terminal(sys.stderr):
        return text
    width = shutil.get_terminal_size().columns
    first, *others = text.split("\n")
    lines = [_filled(first, width, first=prefix).removeprefix(prefix), *(_filled(each, width) for each in others)]
    return "\n".join(lines)


def hanging(first: str, text: str) -> str:
    """Return a text behind a word of a fixed width, and folded beside it if standard output is a terminal."""
    if not is_terminal(sys.stdout):
        return first + text
    width = shutil.get_terminal_size().columns
    return _filled(text, width, first=first, others=" " * len(first))


def _filled(text: str, width: int, first: str = "", others: str = "") -> str:
    """Return a text in lines of at most this width, with `first` before the first line."""
    return textwrap.fill(
        text, width, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )


def is_utf_8(text: str) -> bool:
    """Return whether text from the operating system was UTF-8: Python marks other bytes with surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def line_of_standard_input(what: str) -> str:
    """Return the one line of standard input without its line end. Raises ClickException that names `what`."""
    if sys.stdin is None:  # The shell has closed it.
        raise click.ClickException(f"{what} cannot be read: standard input is closed")
    stream = sys.stdin.buffer
    given = stream.readline(MOST_BYTES + 1) if sys.stdin.isatty() else stream.read(MOST_BYTES + 1)
    if len(given) > MOST_BYTES:
        raise click.ClickException(f"{what} on standard input is too long: it has more than {MOST_BYTES} bytes")
    try:
        line = given.decode()
    except UnicodeDecodeError as error:
        raise click.ClickException(
            f"{what} on standard input is not UTF-8 (byte {error.start + 1}): send it in UTF-8"
        ) from None
    if line.endswith("\n"):
        line = line[:-1].removesuffix("\r")
    if "\n" in line:
        raise click.ClickException(f"{what} on standard input has more than one line: send one line")
    return line
