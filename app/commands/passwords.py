"""Passwords that a command is given."""

from __future__ import annotations

import sys

import click

from app.commands.texts import is_utf_8, line_of_standard_input


def read_password(from_standard_input: bool, *, confirm: bool) -> str | None:
    """Return the password: the one line of standard input, or what is typed; None if nobody can be asked.

    Raises ClickException for a password that is not UTF-8: the service takes passwords in UTF-8.
    """
    if from_standard_input:
        return line_of_standard_input("the password")
    if not _is_terminal():
        return None
    try:
        password = str(click.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True))
    except UnicodeDecodeError:
        password = None
    if password is None or not is_utf_8(password):
        raise click.ClickException("the password is not UTF-8")
    return password


def _is_terminal() -> bool:
    """Return whether somebody can be asked. Python has no standard input where the shell has closed it."""
    return sys.stdin is not None and sys.stdin.isatty()
