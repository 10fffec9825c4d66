"""`relink user`."""

from __future__ import annotations

from collections.abc import Iterator

import click
from sqlalchemy import Connection

from app.commands.database import opened_database
from app.commands.groups import CommandGroup
from app.commands.passwords import read_password
from app.commands.reading import json_option
from app.commands.rows import Row, print_json, print_rows
from app.commands.texts import COLLAPSED
from app.commands.transactions import transaction
from app.identity.accounts import Account, StatusAction, change_password, change_status, read_accounts
from app.identity.rights import OPERATOR
from app.identity.sign_in import unlock_network
from app.identity.users import add_user
from app.runs.record import cancel_those_of_disabled_users
from app.solutions.texts import time_text

_NAMES = {
    "user_logon_reference_create": "LOGON",
    "user_logon_reference_update": "LOGON",
    "password_create": "the password",
    "new_password": "the password",
    "user_name": "--name",
    "user_email_address": "--email",
}
_HEADINGS = ("user", "name", "mail address", "state", "last sign-in")
_AT_ONCE = 1000


@click.group(cls=CommandGroup)
def user() -> None:
    """Manage users.

    These commands work on the database itself, for whoever may read the settings of the service.
    """


@user.command()
@click.argument("logon", type=COLLAPSED)
@click.option("--admin", is_flag=True, help="Make the user an administrator, with the permission administer-all.")
@click.option("--name", help="The name that people read; else LOGON.")
@click.option("--email", type=COLLAPSED, help="A mail address.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def add(logon: str, admin: bool, name: str | None, email: str | None, password_stdin: bool) -> None:
    """Add the user LOGON to the database.

    On a terminal the password is asked for.

    \b
    Example:
      relink user add ann --name 'Ann Smith'
    """
    password = _new_password(password_stdin)
    with transaction(_NAMES) as connection:
        add_user(connection, logon, password, name, email, admin=admin)
    click.echo(f"Added the user {logon}{', an administrator' if admin else ''}.")


@user.command("list", short_help="List all users.")
@json_option
def show(as_json: bool) -> None:
    """List all users.

    One line for each: LOGON, name, mail address, enabled or disabled, and the last sign-in, which is recorded once in
    six hours for each network.

    \b
    Example:
      relink user list
    """
    with opened_database() as engine, engine.connect() as connection:
        if as_json:
            print_json(list(map(_document, _accounts(connection))))
        else:
            print_rows(_HEADINGS, map(_row, _accounts(connection)))


@user.command(short_help="Give a user a new password, and unlock the user.")
@click.argument("logon", type=COLLAPSED)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def passwd(logon: str, password_stdin: bool) -> None:
    """Give the user LOGON a new password. The old one is refused from now on, and the user is unlocked.

    \b
    Example:
      relink user passwd ann
    """
    password = _new_password(password_stdin)
    with transaction(_NAMES) as connection:
        change_password(connection, OPERATOR, logon, password)
    click.echo(f"The user {logon} has a new password.")


@user.command(short_help="Refuse a user from now on, and cancel the user's runs.")
@click.argument("logon", type=COLLAPSED)
def disable(logon: str) -> None:
    """Refuse the user LOGON from now on, and cancel the user's runs. Nothing is deleted.

    \b
    Example:
      relink user disable ann
    """
    with transaction(_NAMES) as connection:
        change_status(connection, OPERATOR, None, logon, StatusAction.DISABLE)
        cancel_those_of_disabled_users(connection)
    click.echo(f"The user {logon} is disabled.")


@user.command()
@click.argument("logon", type=COLLAPSED)
def enable(logon: str) -> None:
    """Let the user LOGON, who was disabled, sign in again.

    \b
    Example:
      relink user enable ann
    """
    with transaction(_NAMES) as connection:
        change_status(connection, OPERATOR, None, logon, StatusAction.ENABLE)
    click.echo(f"The user {logon} is enabled.")


@user.command(short_help="Forget the failed sign-ins of a user.")
@click.argument("logon", type=COLLAPSED, required=False)
@click.option(
    "--address", type=COLLAPSED, help="Forget the failed sign-ins from this network address too, with all accounts."
)
def unlock(logon: str | None, address: str | None) -> None:
    """Forget the failed sign-ins of the user LOGON, who can try again at once.

    \b
    Example:
      relink user unlock ann
    """
    if logon is None and address is None:
        raise click.UsageError("give LOGON, or --address, or both")
    with transaction(_NAMES) as connection:
        if logon is not None:
            change_status(connection, OPERATOR, None, logon, StatusAction.UNLOCK)
        if address is not None:
            unlock_network(connection, address)
    unlocked = [f"The user {logon}"] if logon is not None else []
    unlocked += [f"the network of {address}"] if address is not None else []
    names = " and ".join(unlocked)
    click.echo(f"{names[0].upper()}{names[1:]} {'are' if len(unlocked) > 1 else 'is'} not locked.")


def _new_password(from_standard_input: bool) -> str:
    password = read_password(from_standard_input, confirm=True)
    if password is None:
        raise click.UsageError("give the password on standard input, with --password-stdin")
    return password


def _accounts(connection: Connection) -> Iterator[Account]:
    after = ""
    while accounts := read_accounts(connection, OPERATOR, after=after, limit=_AT_ONCE):
        yield from accounts
        after = accounts[-1].logon_reference


def _row(account: Account) -> Row:
    state = "enabled" if account.enabled else "disabled"
    return [account.logon_reference, account.name, account.email, state, _last_sign_in(account)]


def _document(account: Account) -> dict[str, object]:
    """Return a user with the names of the service ListUsers."""
    return {
        "userIdentifier": account.identifier,
        "userLogonReference": account.logon_reference,
        "userName": account.name,
        "userEmailAddress": account.email,
        "userEnabledIndicator": account.enabled,
        "lastSignOnTimestamp": _last_sign_in(account),
    }


def _last_sign_in(account: Account) -> str | None:
    return None if account.last_sign_in is None else time_text(account.last_sign_in)
