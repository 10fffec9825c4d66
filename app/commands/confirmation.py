"""Asks before a command changes many things."""

from __future__ import annotations

import sys
from typing import Final

import click

from app.commands.reading import Command
from app.commands.texts import is_terminal

EXIT_DECLINED: Final = 130


def yes_option(command: Command) -> Command:
    """Give a command the option `--yes`, as its argument `yes`."""
    return click.option("--yes", "-y", is_flag=True, help="Do not show the plan first, and do not ask.")(command)


def require_terminal(impact: str) -> None:
    """Raise UsageError if nobody can be asked. `impact` is the command that lists what would be done."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise click.UsageError(
            f"there is no terminal to ask on: give --yes, or --if-match with the plan that '{impact}' prints"
        )


def confirm(question: str) -> None:
    """Ask on the terminal. Raises SystemExit with 130 unless the answer is yes."""
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:  # Ctrl-C or Ctrl-D, after which the cursor is still in the line of the question
        click.echo(err=True)
        agreed = False
    if not agreed:
        click.echo("Nothing was done.", err=True)
        raise SystemExit(EXIT_DECLINED)
