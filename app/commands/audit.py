"""`relink audit`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from app.commands.database import opened_database
from app.commands.groups import CommandGroup
from app.commands.texts import COLLAPSED
from app.identity.audit import AuditRow, read_audit
from app.solutions.texts import time_text


@click.group(cls=CommandGroup, short_help="Read who did what.")
def audit() -> None:
    """Read who did what: sign-ins, refusals, and changes of users, permissions, tokens and releases of instances."""


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
def show(user: str | None, since: datetime | None, limit: int) -> None:
    """Show the newest entries, the newest first.

    One line for each, with tabs between time, action, who, network address, on what, and details as JSON.

    \b
    Example:
      relink audit list
    """
    from_time = None if since is None else since.replace(tzinfo=UTC)
    with opened_database() as engine, engine.connect() as connection:
        for row in read_audit(connection, user=user, since=from_time, limit=limit):
            click.echo(_line(row))


def _line(row: AuditRow) -> str:
    who = f"{row.actor_kind} {row.actor}" if row.actor else row.actor_kind
    what = f"{row.object_kind} {row.object_name}" if row.object_name else row.object_kind or ""
    details = json.dumps(row.details) if row.details else ""
    return "\t".join([time_text(row.at), row.action, who, row.address or "", what, details])
