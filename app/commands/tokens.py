"""`relink token`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click

from app.commands.database import opened_database
from app.commands.groups import CommandGroup
from app.commands.texts import COLLAPSED
from app.errors import UserError
from app.solutions.people.tokens import KnownToken, create_master_token, read_tokens, remove_tokens
from app.solutions.texts import time_text
from app.text import collapsed, counted


@click.group(cls=CommandGroup)
def token() -> None:
    """Manage tokens for the GraphQL interface."""


@token.command()
@click.argument("name", type=COLLAPSED)
@click.option("--master", is_flag=True, help="Make a master token: it has all rights on solutions and does not expire.")
def add(name: str, master: bool) -> None:
    """Make a token and print it: it cannot be read again.

    NAME says what it is for. User tokens are made by the mutation authorize.

    \b
    Example:
      relink token add shop
    """
    if not master:
        raise click.UsageError("give --master: user tokens are made by the mutation authorize")
    with opened_database() as engine, _explained(), engine.begin() as connection:
        made = create_master_token(connection, name)
    click.echo(made)


@token.command("list", short_help="Show the master tokens.")
@click.option("--all", "all_kinds", is_flag=True, help="Show the tokens and codes of end users too.")
def show(all_kinds: bool) -> None:
    """Show the master tokens: id, name, the time at which each was made, and the time at which it was last used.

    With --all: id, kind, name or end user, the times at which each was made, expires, and was last used. The last use
    is right to the minute, and empty for a token that was never used.

    \b
    Example:
      relink token list
    """
    with opened_database() as engine, engine.connect() as connection:
        for found in read_tokens(connection, all_kinds=all_kinds):
            click.echo("\t".join(_full_line(found) if all_kinds else _line(found)))


@token.command(short_help="Remove a token by its id, or tokens by their name.")
@click.argument("name", metavar="NAME|ID", type=COLLAPSED)
def remove(name: str) -> None:
    """Remove the token with the id ID, or the master tokens named NAME. They stop working at once.

    \b
    Example:
      relink token remove shop
    """
    with opened_database() as engine, _explained(), engine.begin() as connection:
        removed = remove_tokens(connection, name)
    click.echo(f"Removed {counted(removed, 'token')}.")


def _line(found: KnownToken) -> list[str]:
    return [str(found.identifier), _shown(found.name), time_text(found.created), _time(found.last_used)]


def _shown(name: str | None) -> str:
    """A name in one line, without tabs."""
    return collapsed(name or "")


def _full_line(found: KnownToken) -> list[str]:
    whose = found.owner or _shown(found.name)
    times = [time_text(found.created), _time(found.expires), _time(found.last_used)]
    return [str(found.identifier), found.kind.value, whose, *times]


def _time(moment: datetime | None) -> str:
    return "" if moment is None else time_text(moment)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except UserError as error:
        raise click.ClickException(
            "\n".join(f"NAME {fault.text}" if fault.path else fault.text for fault in error.faults)
        ) from error
