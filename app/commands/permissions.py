"""`relink permission`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Connection

from app.commands.database import opened_database
from app.commands.groups import CommandGroup
from app.commands.texts import COLLAPSED
from app.errors import Fault, RelinkError, UserError
from app.identity.rights import OPERATOR
from app.nodes.permission_records import Permission, delete_permission, find_object, read_permissions
from app.nodes.permissions import create_permission

_NAMES = {
    "permission_type_reference": "TYPE",
    "user_group_reference": "GROUP",
    "object_reference": "--on",
    "permission_identifier": "ID",
}
_AT_ONCE = 1000


@click.group(cls=CommandGroup)
def permission() -> None:
    """Manage permissions.

    These commands work on the database itself, for whoever may read the settings of the service.
    """


@permission.command("list", short_help="Show permissions.")
@click.option("--on", "reference", metavar="REFERENCE", type=COLLAPSED, help="Only permissions on this node.")
@click.option(
    "--group", metavar="GROUP", type=COLLAPSED, help="Only permissions of this group, or of the user of this name."
)
def show(reference: str | None, group: str | None) -> None:
    """Show permissions: id, type, group, and the node that each is on, with tabs between them.

    \b
    Example:
      relink permission list --on acme.catalog
    """
    after = 0
    with _connected() as connection:
        node = find_object(connection, OPERATOR, None, reference)
        while found := read_permissions(connection, node, group, after=after, limit=_AT_ONCE):
            for each in found:
                click.echo(_line(each))
            after = found[-1].identifier


@permission.command(short_help="Give a permission to a group or a user.")
@click.argument("type_", metavar="TYPE", type=COLLAPSED)
@click.argument("group", type=COLLAPSED)
@click.option(
    "--on", "reference", metavar="REFERENCE", type=COLLAPSED, help="The node; none for a permission on everything."
)
def add(type_: str, group: str, reference: str | None) -> None:
    """Give the permission TYPE, such as node-read, to GROUP, and print its id.

    \b
    Example:
      relink permission add node-administer ann --on acme.catalog
    """
    with _connected() as connection:
        click.echo(create_permission(connection, OPERATOR, type_, group, reference))


@permission.command(short_help="Revoke a permission.")
@click.argument("identifier", metavar="ID", type=click.IntRange(1, 2**53 - 1))
def remove(identifier: int) -> None:
    """Revoke the permission with the id ID. It is no longer valid from now on.

    \b
    Example:
      relink permission remove 101
    """
    with _connected() as connection:
        removed = delete_permission(connection, OPERATOR, identifier)
    if not removed:
        raise click.ClickException(f"there is no permission {identifier}; 'relink permission list' shows the ids")
    click.echo(f"Removed permission {identifier}.")


@contextmanager
def _connected() -> Iterator[Connection]:
    """Begin a transaction. An error in the request ends the command with a message."""
    with opened_database() as engine:
        try:
            with engine.begin() as connection:
                yield connection
        except UserError as error:
            raise click.ClickException("\n".join(map(_told, error.faults))) from error
        except RelinkError as error:
            raise click.ClickException(error.description) from error


def _line(each: Permission) -> str:
    return "\t".join([str(each.identifier), each.type, each.group_reference, each.node_reference or ""])


def _told(fault: Fault) -> str:
    is_sentence = fault.text.startswith("there is no ")
    return fault.text if is_sentence else f"{_NAMES.get(fault.field, fault.field)} {fault.text}"
