"""Passwords that a command is given."""

from __future__ import annotations

import sys

import click


def read_password(from_standard_input: bool, *, confirm: bool) -> str | None:
    """The password: the first line of standard input, or typed in; None where there is nobody to ask."""
    if from_standard_input:
        return sys.stdin.readline().rstrip("\r\n")
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True))
    return None
