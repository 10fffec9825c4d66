"""`relink user`."""

from __future__ import annotations

import click

from app.commands.database import opened_database
from app.commands.passwords import read_password
from app.errors import UserError
from app.identity.users import add_user

_NAMES = {
    "userLogonReferenceCreate": "LOGON",
    "passwordCreate": "the password",
    "userName": "--name",
    "userEmailAddress": "--email",
}


@click.group()
def user() -> None:
    """Manage users."""


@user.command()
@click.argument("logon")
@click.option("--admin", is_flag=True, help="The user may do everything.")
@click.option("--name", help="The name that people read; else LOGON.")
@click.option("--email", help="A mail address.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def add(logon: str, admin: bool, name: str | None, email: str | None, password_stdin: bool) -> None:
    """Add the user LOGON to the database.

    On a terminal the password is asked for.
    """
    password = read_password(password_stdin, confirm=True)
    if password is None:
        raise click.UsageError("give the password on standard input, with --password-stdin")
    with opened_database() as engine:
        try:
            with engine.begin() as connection:
                add_user(connection, logon, password, name, email, admin=admin)
        except UserError as error:
            raise click.ClickException("\n".join(_told(*fault) for fault in error.faults)) from error
    click.echo(f"Added the user {logon}{', who may do everything' if admin else ''}.")


def _told(field: str, reason: str) -> str:
    return reason if " is taken" in reason else f"{_NAMES.get(field, field)} {reason}"
