"""`relink token`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from app.commands.database import opened_database
from app.errors import UserError
from app.solutions.people.tokens import create_master_token, read_master_tokens, remove_master_tokens
from app.solutions.texts import time_text


@click.group()
def token() -> None:
    """Manage tokens for the GraphQL interface."""


@token.command()
@click.argument("name")
@click.option("--master", is_flag=True, help="A master token: it may do everything and does not expire.")
def add(name: str, master: bool) -> None:
    """Make a token and print it: it can not be read again.

    NAME says what it is for. User tokens are made by the mutation authorize.
    """
    if not master:
        raise click.UsageError("give --master: user tokens are made by the mutation authorize")
    with opened_database() as engine, _explained(), engine.begin() as connection:
        made = create_master_token(connection, name)
    click.echo(made)


@token.command("list")
def show() -> None:
    """Show which master tokens there are, with the time at which each was made."""
    with opened_database() as engine, engine.connect() as connection:
        for found in read_master_tokens(connection):
            click.echo(f"{time_text(found.created)}\t{found.name}")


@token.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove the master tokens named NAME. They stop working at once."""
    with opened_database() as engine, _explained(), engine.begin() as connection:
        removed = remove_master_tokens(connection, name)
    click.echo(f"Removed {removed} master token{'s' * (removed > 1)} called {name}.")


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except UserError as error:
        raise click.ClickException(
            "\n".join(f"NAME {reason}" if field else reason for field, reason in error.faults)
        ) from error
