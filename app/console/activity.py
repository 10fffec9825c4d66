"""Rows of the audit in words, for the recent activity and for the history of an instance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from app.console.instances.addresses import instance_url
from app.console.nodes.addresses import node_url
from app.console.people.addresses import user_url
from app.console.solutions.addresses import solution_url
from app.identity.actor import ActorKind
from app.identity.audit import Action, AuditRow
from app.solutions.instances.moving import Move
from app.solutions.instances.reading import read_names
from app.solutions.people.external_users import read_external_users
from app.solutions.releases.listing import read_titles

_WHAT: Final[Mapping[str, str]] = {
    Action.SIGN_IN: "signed in",
    Action.SIGN_IN_REFUSED: "sign-in refused",
    Action.ACCESS_REFUSED: "access refused",
    Action.USER_CREATED: "added",
    Action.USER_DISABLED: "disabled",
    Action.USER_ENABLED: "enabled",
    Action.USER_UNLOCKED: "unlocked",
    Action.NETWORK_UNLOCKED: "unlocked",
    Action.PASSWORD_CHANGED: "new password",
    Action.PERMISSION_CREATED: "permission granted",
    Action.PERMISSION_DELETED: "permission revoked",
    Action.TOKEN_CREATED: "added",
    Action.TOKEN_REMOVED: "removed",
    Action.INSTANCE_CREATED: "created",
    Action.INSTANCE_CHANGED: "changed",
    Action.INSTANCE_MOVED: "moved",
    Action.INSTANCE_REMOVED: "removed",
    Action.END_USER_CREATED: "added",
    Action.END_USER_CHANGED: "changed",
    Action.END_USER_REMOVED: "removed",
    Action.AUTHENTICATION_CREATED: "added",
    Action.AUTHENTICATION_CHANGED: "changed",
    Action.AUTHENTICATION_REMOVED: "removed",
    Action.NODE_CREATED: "created",
    Action.NODE_EDITED: "edited",
    Action.NODE_TYPE_CHANGED: "new type",
    Action.NODE_FROZEN: "frozen",
    Action.RELEASE_PUBLISHED: "published",
}
_NUMBERS: Final[Mapping[str, str]] = {Action.NODE_FROZEN: "version", Action.RELEASE_PUBLISHED: "release"}
"""The detail that is the number of what was frozen or published: it comes first."""
_HOW: Final[Mapping[str, str]] = {
    Move.LAZY: "by itself",
    Move.UPGRADE: "by an upgrade",
    Move.BULK: "by a roll-out",
    Move.ROLL_BACK: "rolled back",
}
_ACTORS: Final[Mapping[str, str]] = {
    ActorKind.PUBLIC: "somebody without credentials",
    ActorKind.TOKEN: "a token",
    ActorKind.COMMAND: "a command",
    ActorKind.WORKER: "a worker",
}


@dataclass(frozen=True)
class EventInWords:
    """An event in words: when, who, what, on what with the address of its page, and why or how."""

    at: datetime
    who: str
    what: str
    kind: str
    name: str
    address: str
    details: str


def in_words(connection: Connection, rows: Sequence[AuditRow]) -> list[EventInWords]:
    """Return rows of the audit in words."""
    instances, solutions, end_users = _of(rows, "instance"), _of(rows, "solution"), _of(rows, "end-user")
    names = read_names(connection, instances) if instances else {}
    names |= read_titles(connection, solutions) if solutions else {}
    names |= (
        {user.user_id: user.name for user in read_external_users(connection, end_users).values()} if end_users else {}
    )
    return [_in_words(row, names) for row in rows]


def _of(rows: Sequence[AuditRow], kind: str) -> list[str]:
    return [row.object_name for row in rows if row.object_kind == kind and row.object_name]


def _in_words(row: AuditRow, names: Mapping[str, str]) -> EventInWords:
    name, address = _object(row, names)
    what = _WHAT.get(row.action, row.action.replace("-", " "))
    return EventInWords(
        row.at, _actor(row), what, (row.object_kind or "").replace("-", " "), name, address, "; ".join(_details(row))
    )


def _actor(row: AuditRow) -> str:
    if row.actor is None:
        return _ACTORS.get(row.actor_kind, row.actor_kind)
    return f"{row.actor} at the command line" if row.actor_kind == ActorKind.COMMAND else row.actor


def _object(row: AuditRow, names: Mapping[str, str]) -> tuple[str, str]:
    name = row.object_name or ""
    match row.object_kind:
        case "instance" if name in names:
            return names[name], instance_url(name)
        case "solution" if name in names:
            return names[name], solution_url(name)
        case "end-user":
            return names.get(name, name), ""
        case "node" if name:
            return name, node_url(name)
        case "user" if name and row.action != Action.SIGN_IN_REFUSED:
            return name, user_url(name)
        case _:
            return name, ""


def _details(row: AuditRow) -> Iterator[str]:
    details = dict(row.details)
    details.pop("solution", None)
    if row.action == Action.INSTANCE_MOVED:
        how = _HOW.get(details.pop("how", ""), "")
        yield f"from release {details.pop('from', '?')} to {details.pop('to', '?')} {how}".rstrip()
    if (number := _NUMBERS.get(row.action)) in details:
        yield f"{number} {details.pop(number)}"
    yield from _of_instance(details)
    for name, value in details.items():
        yield _spaced(name) if value is True else f"{_spaced(name)} {_shown(value)}"


def _of_instance(details: dict[str, Any]) -> Iterator[str]:
    """Yield what has changed in an instance, and remove it from the details."""
    if "release" in details:
        yield f"on release {details.pop('release')}"
    if details.pop("renamed", False):
        yield "renamed"
    if "enabled" in details:
        yield "enabled" if details.pop("enabled") else "disabled"
    if "held" in details:
        yield "put on hold" if details.pop("held") else "hold released"
    if slots := details.pop("slots", None):
        yield f"new values for {', '.join(slots)}"


def _spaced(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).replace("_", " ")


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
