"""`relink permission`."""

from __future__ import annotations

from collections.abc import Iterator

import click
from sqlalchemy import Connection

from app.commands.groups import CommandGroup
from app.commands.reading import json_option
from app.commands.rows import Row, print_json, print_rows
from app.commands.texts import COLLAPSED
from app.commands.transactions import transaction
from app.identity.rights import OPERATOR
from app.nodes.permission_records import Permission, delete_permission, find_object, read_permissions
from app.nodes.permissions import create_permission

_NAMES = {
    "permission_type_reference": "TYPE",
    "user_group_reference": "GROUP",
    "object_reference": "--on",
    "permission_identifier": "ID",
}
_HEADINGS = ("id", "permission", "group", "on")
_AT_ONCE = 1000


@click.group(cls=CommandGroup)
def permission() -> None:
    """Manage permissions.

    These commands work on the database itself, for whoever may read the settings of the service.
    """


@permission.command("list", short_help="List permissions.")
@click.option("--on", "reference", metavar="REFERENCE", type=COLLAPSED, help="Only permissions on this node.")
@click.option(
    "--group", metavar="GROUP", type=COLLAPSED, help="Only permissions of this group, or of the user of this name."
)
@json_option
def show(reference: str | None, group: str | None, as_json: bool) -> None:
    """List permissions.

    One line for each: id, type, group, and the node that it is on, or nothing for a permission on everything.

    \b
    Example:
      relink permission list --on acme.catalog
    """
    with transaction(_NAMES) as connection:
        found = _permissions(connection, reference, group)
        if as_json:
            print_json(list(map(_document, found)))
        else:
            print_rows(_HEADINGS, map(_row, found))


@permission.command(short_help="Grant a permission to a group or a user.")
@click.argument("type_", metavar="TYPE", type=COLLAPSED)
@click.argument("group", type=COLLAPSED)
@click.option(
    "--on", "reference", metavar="REFERENCE", type=COLLAPSED, help="The node; none for a permission on everything."
)
def add(type_: str, group: str, reference: str | None) -> None:
    """Grant the permission TYPE, such as node-read, to GROUP, and print its id.

    \b
    Example:
      relink permission add node-administer ann --on acme.catalog
    """
    with transaction(_NAMES) as connection:
        click.echo(create_permission(connection, OPERATOR, type_, group, reference))


@permission.command(short_help="Revoke a permission.")
@click.argument("identifier", metavar="ID", type=click.IntRange(1, 2**53 - 1))
def remove(identifier: int) -> None:
    """Revoke the permission with the id ID. It is no longer valid from now on.

    \b
    Example:
      relink permission remove 101
    """
    with transaction(_NAMES) as connection:
        removed = delete_permission(connection, OPERATOR, identifier)
    if not removed:
        raise click.ClickException(f"there is no permission {identifier}; 'relink permission list' shows the ids")
    click.echo(f"Removed permission {identifier}.")


def _permissions(connection: Connection, reference: str | None, group: str | None) -> Iterator[Permission]:
    after = 0
    node = find_object(connection, OPERATOR, None, reference)
    while found := read_permissions(connection, node, group, after=after, limit=_AT_ONCE):
        yield from found
        after = found[-1].identifier


def _row(each: Permission) -> Row:
    return [each.identifier, each.type, each.group_reference, each.node_reference]


def _document(each: Permission) -> dict[str, object]:
    """Return a permission with the names of the service GetPermissionList."""
    return {
        "permissionIdentifier": each.identifier,
        "permissionTypeReference": each.type,
        "objectReference": each.node_reference,
        "objectName": each.node_name,
        "userGroupReference": each.group_reference,
        "userGroupName": each.group_name,
    }
