"""`relink token`."""

from __future__ import annotations

import click

from app.commands.database import opened_database
from app.errors import UserError
from app.solutions.tokens import create_master_token


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
    with opened_database() as engine:
        try:
            with engine.begin() as connection:
                made = create_master_token(connection, name)
        except UserError as error:
            raise click.ClickException("\n".join(f"NAME {reason}" for _, reason in error.faults)) from error
    click.echo(made)
