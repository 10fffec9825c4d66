"""`relink audit`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from app.commands.database import opened_database
from app.commands.groups import CommandGroup
from app.commands.reading import json_option
from app.commands.rows import Row, print_json, print_rows
from app.commands.texts import COLLAPSED
from app.identity.audit import AuditFilter, AuditRow, read_audit
from app.solutions.texts import time_text

_HEADINGS = ("time", "action", "who", "address", "on what", "details")


@click.group(cls=CommandGroup)
def audit() -> None:
    """Read who did what: sign-ins, refusals, and changes of users, permissions, tokens, nodes and solutions.

    The end users of solutions, their instances and their authentications are included.
    """


@audit.command("list")
@click.option("--user", metavar="LOGON", type=COLLAPSED, help="Only what this user did, or what was done to them.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="Only what happened at this time, in UTC, or later.",
)
@click.option(
    "--limit", default=100, show_default=True, type=click.IntRange(1, 100_000), help="The largest number of lines."
)
@json_option
def show(user: str | None, since: datetime | None, limit: int, as_json: bool) -> None:
    """List the newest entries, the newest first.

    One line for each: time, action, who, network address, on what, and details as JSON.

    \b
    Example:
      relink audit list
    """
    from_time = None if since is None else since.replace(tzinfo=UTC)
    with opened_database() as engine, engine.connect() as connection:
        found = read_audit(connection, AuditFilter(user, since=from_time), limit=limit)
        if as_json:
            print_json(list(map(_document, found)))
        else:
            print_rows(_HEADINGS, map(_row, found))


def _row(row: AuditRow) -> Row:
    who = f"{row.actor_kind} {row.actor}" if row.actor else row.actor_kind
    what = f"{row.object_kind} {row.object_name}" if row.object_name else row.object_kind or ""
    details = json.dumps(row.details) if row.details else ""
    return [time_text(row.at), row.action, who, row.address, what, details]


def _document(row: AuditRow) -> dict[str, object]:
    """Return an entry with the names of the service GetAuditList, and its details as an object."""
    return {
        "auditIdentifier": row.identifier,
        "auditTimestamp": time_text(row.at),
        "auditAction": row.action,
        "actorKind": row.actor_kind,
        "actorReference": row.actor,
        "networkAddress": row.address,
        "objectKind": row.object_kind,
        "objectReference": row.object_name,
        "details": dict(row.details),
    }
