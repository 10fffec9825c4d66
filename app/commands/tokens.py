"""`relink token`."""

from __future__ import annotations

from datetime import datetime

import click

from app.commands.database import opened_database
from app.commands.groups import CommandGroup
from app.commands.reading import json_option
from app.commands.rows import Row, print_json, print_rows
from app.commands.texts import COLLAPSED
from app.commands.transactions import transaction
from app.solutions.people.tokens import KnownToken, create_master_token, read_tokens, remove_tokens
from app.solutions.texts import time_text
from app.text import counted

_NAMES = {"name": "NAME"}
_HEADINGS = ("id", "name", "created", "last used")
_ALL_HEADINGS = ("id", "kind", "name or end user", "created", "expires", "last used")


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
      relink token add shop --master
    """
    if not master:
        raise click.UsageError("give --master: user tokens are made by the mutation authorize")
    with transaction(_NAMES) as connection:
        made = create_master_token(connection, name)
    click.echo(made.token)


@token.command("list", short_help="List the master tokens.")
@click.option("--all", "all_kinds", is_flag=True, help="List the tokens and codes of end users too.")
@json_option
def show(all_kinds: bool, as_json: bool) -> None:
    """List the master tokens.

    One line for each: id, name, the time at which it was made, and the time at which it was last used. With --all: id,
    kind, name or end user, and the times at which it was made, expires, and was last used. The last use is accurate to
    the minute, and empty for a token that was never used.

    \b
    Example:
      relink token list
    """
    with opened_database() as engine, engine.connect() as connection:
        found = read_tokens(connection, all_kinds=all_kinds)
    if as_json:
        print_json(list(map(_document, found)))
    elif all_kinds:
        print_rows(_ALL_HEADINGS, map(_full_row, found))
    else:
        print_rows(_HEADINGS, map(_row, found))


@token.command(short_help="Remove a token by its id, or tokens by their name.")
@click.argument("name", metavar="NAME|ID", type=COLLAPSED)
def remove(name: str) -> None:
    """Remove the token with the id ID, or the master tokens named NAME. They stop working at once.

    \b
    Example:
      relink token remove shop
    """
    with transaction(_NAMES) as connection:
        removed = remove_tokens(connection, name)
    click.echo(f"Removed {counted(removed, 'token')}.")


def _row(found: KnownToken) -> Row:
    return [found.identifier, found.name, time_text(found.created), _time(found.last_used)]


def _full_row(found: KnownToken) -> Row:
    times = [time_text(found.created), _time(found.expires), _time(found.last_used)]
    return [found.identifier, found.kind.value, found.owner or found.name, *times]


def _document(found: KnownToken) -> dict[str, object]:
    """Return a token with the names of the service ListTokens."""
    return {
        "tokenIdentifier": found.identifier,
        "tokenKind": found.kind.value,
        "tokenName": found.name,
        "userId": found.owner,
        "createdAt": time_text(found.created),
        "expires": _time(found.expires),
        "lastUsedAt": _time(found.last_used),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else time_text(moment)
