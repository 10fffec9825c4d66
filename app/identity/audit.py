"""The audit: who did what, to what, from where and when, as rows of a table and as log lines.

A row is written in the transaction of the change that it describes. Its log line is written after that transaction has
committed. Neither ever holds a password, a token, or a value of an instance.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, LiteralString

import structlog
from sqlalchemy import Connection, Engine, TextClause, text

from app.database.batches import in_batches
from app.database.engine import after_commit
from app.errors import UserError, unresolved
from app.identity.actor import ActorKind, present_actor

_BATCH = 10_000
_log = structlog.get_logger("relink.audit")


class Action(StrEnum):
    """The kind of an event."""

    SIGN_IN = "sign-in"
    SIGN_IN_REFUSED = "sign-in-refused"
    ACCESS_REFUSED = "access-refused"
    USER_CREATED = "user-created"
    USER_DISABLED = "user-disabled"
    USER_ENABLED = "user-enabled"
    USER_UNLOCKED = "user-unlocked"
    NETWORK_UNLOCKED = "network-unlocked"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - the name of an event
    PERMISSION_CREATED = "permission-created"
    PERMISSION_DELETED = "permission-deleted"
    TOKEN_CREATED = "token-created"  # noqa: S105
    TOKEN_REMOVED = "token-removed"  # noqa: S105
    INSTANCE_CREATED = "instance-created"
    INSTANCE_CHANGED = "instance-changed"
    INSTANCE_MOVED = "instance-moved"
    INSTANCE_REMOVED = "instance-removed"
    END_USER_CREATED = "end-user-created"
    END_USER_CHANGED = "end-user-changed"
    END_USER_REMOVED = "end-user-removed"
    AUTHENTICATION_CREATED = "authentication-created"
    AUTHENTICATION_CHANGED = "authentication-changed"
    AUTHENTICATION_REMOVED = "authentication-removed"
    NODE_CREATED = "node-created"
    NODE_EDITED = "node-edited"
    NODE_TYPE_CHANGED = "node-type-changed"
    NODE_FROZEN = "node-frozen"
    RELEASE_PUBLISHED = "release-published"


@dataclass(frozen=True)
class Event:
    """An action of the current actor on an object. Details are plain JSON values."""

    action: Action
    object_kind: str | None = None
    object_name: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)


_COLUMNS = "action, actor_kind, user_identifier, actor_name, address, object_kind, object_name, details"
_ACTOR = (
    ":audit_action, :audit_actor_kind, CAST(:audit_user AS bigint), CAST(:audit_actor_name AS text),"
    " CAST(:audit_address AS text)"
)
_VALUES = f"{_ACTOR}, CAST(:audit_object_kind AS text), CAST(:audit_object_name AS text), CAST(:audit_details AS jsonb)"
_DRIVER_ACTOR = (
    "%(audit_action)s, %(audit_actor_kind)s, %(audit_user)s::bigint, %(audit_actor_name)s::text,"
    " %(audit_address)s::text"
)
_DRIVER_VALUES = _DRIVER_ACTOR + ", %(audit_object_kind)s::text, %(audit_object_name)s::text, %(audit_details)s::jsonb"


def statement(sql: str) -> TextClause:
    """Return a statement that makes a change and also writes a row of the audit.

    In the SQL, `{columns}` stands for the columns of a row and `{values}` for those of an event, whose parameters are
    `parameters(event)`. `{actor}` stands for its action, actor and address, for a statement that itself finds the
    objects.
    """
    return text(sql.format(columns=_COLUMNS, values=_VALUES, actor=_ACTOR))


def driver_statement(sql: LiteralString) -> LiteralString:
    """Return the same statement for psycopg."""
    return sql.replace("{columns}", _COLUMNS).replace("{values}", _DRIVER_VALUES).replace("{actor}", _DRIVER_ACTOR)


_INSERT = statement("INSERT INTO audit ({columns}) SELECT {values}")
_DELETE = """
    DELETE FROM audit WHERE audit_identifier IN (
      SELECT audit_identifier FROM audit WHERE at < now() - make_interval(days => :days) AND {condition}
      ORDER BY at LIMIT :batch FOR UPDATE SKIP LOCKED)
"""
_DELETE_OLD = text(_DELETE.format(condition="true"))
_DELETE_OLD_MOVES = text(_DELETE.format(condition="action = 'instance-moved'"))


def record(connection: Connection, what: Event) -> None:
    """Write a row in the transaction of the connection, and its log line after that transaction has committed."""
    connection.execute(_INSERT, parameters(what))
    log_on_commit(connection, what)


def make_change(connection: Connection, change: TextClause, values: Mapping[str, object], what: Event) -> bool:
    """Make a change with a statement that also writes the row of an event and returns its details. Write the log line
    after the transaction has committed.

    Returns False, and writes nothing, if the statement has found nothing to change.
    """
    written = connection.execute(change, {**values, **parameters(what)}).one_or_none()
    if written is None:
        return False
    log_on_commit(connection, replace(what, details=written.details))
    return True


def parameters(what: Event) -> dict[str, object]:
    """Return the parameters that a statement takes for an event of the current actor."""
    actor = present_actor()
    return {
        "audit_action": what.action.value,
        "audit_actor_kind": actor.kind.value,
        "audit_user": actor.user_identifier,
        "audit_actor_name": actor.name,
        "audit_address": actor.address,
        "audit_object_kind": what.object_kind,
        "audit_object_name": what.object_name,
        "audit_details": json.dumps(dict(what.details)),
    }


def log_on_commit(connection: Connection, what: Event) -> None:
    """Write the log line of an event after the transaction of the connection has committed.

    An administration command writes no log line, because it prints what it did.
    """
    line = _line(what)
    if line is not None:
        after_commit(connection, lambda: _log.info("audit", **line))


def log(what: Event) -> None:
    """Write the log line of an event whose row has been committed, as `log_on_commit` does."""
    line = _line(what)
    if line is not None:
        _log.info("audit", **line)


def _line(what: Event) -> dict[str, object] | None:
    """Return the log line of an event of the current actor, or None if there is none."""
    actor = present_actor()
    if actor.kind is ActorKind.COMMAND:
        return None
    line = {
        "action": what.action.value,
        "actor_kind": actor.kind.value,
        "user": actor.user_identifier,
        "actor": actor.name,
        "address": actor.address,
        "object_kind": what.object_kind,
        "object": what.object_name,
        **what.details,
    }
    return {name: value for name, value in line.items() if value is not None}


@dataclass(frozen=True)
class AuditFilter:
    """Which rows are wanted: those about a user (who acted or was acted on), of one action, or since a time."""

    user: str | None = None
    action: Action | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class AuditRow:
    """A row of the audit. `actor` is a logon reference, or the name of another kind of actor."""

    identifier: int
    at: datetime
    action: str
    actor_kind: str
    actor: str | None
    address: str | None
    object_kind: str | None
    object_name: str | None
    details: Mapping[str, Any]


_EVERYTHING: Final = AuditFilter()

_SELECT = """
    SELECT a.audit_identifier, a.at, a.action, a.actor_kind, coalesce(u.user_logon_reference, a.actor_name),
           a.address, a.object_kind, a.object_name, a.details
    FROM ({rows}) a LEFT JOIN account u ON u.user_identifier = a.user_identifier
    ORDER BY a.at DESC, a.audit_identifier DESC LIMIT :limit
"""
_ROWS = "(SELECT a.* FROM audit a WHERE {condition} ORDER BY a.at DESC, a.audit_identifier DESC LIMIT :limit)"
_FIND_TIME = text("SELECT at FROM audit WHERE audit_identifier = :row")
_SINCE = "a.at >= coalesce(CAST(:since AS timestamptz), '-infinity')"
_BEFORE = "(a.at, a.audit_identifier) < (CAST(:before_at AS timestamptz), CAST(:before AS bigint))"
_BY_USER = "a.user_identifier = (SELECT user_identifier FROM account WHERE user_logon_reference = :user)"
_OF_USER = "a.object_kind IN ('user', 'group') AND a.object_name = :user"


def _select(*alternatives: Sequence[str]) -> TextClause:
    """Return the statement for the newest rows that satisfy all conditions of one alternative.

    Each alternative is read by itself, so that it can be read from the end of its index.
    """
    rows = (_ROWS.format(condition=" AND ".join(conditions)) for conditions in alternatives)
    return text(_SELECT.format(rows=" UNION ".join(rows)))


_OF_INSTANCE = _select(["a.object_kind = 'instance' AND a.object_name = :instance"])


def read_events_of_instance(connection: Connection, instance_id: str, limit: int) -> list[AuditRow]:
    """Read the newest rows about an instance, the newest first."""
    return [AuditRow(*row) for row in connection.execute(_OF_INSTANCE, {"instance": instance_id, "limit": limit})]


def read_audit(
    connection: Connection, wanted: AuditFilter = _EVERYTHING, *, before: int | None = None, limit: int = 100
) -> list[AuditRow]:
    """Read rows, newest first. `before` is the identifier of the row after which the page begins.

    Raises UserError (105) about `audit_identifier_before` if that row does not exist any more.
    """
    conditions = [_SINCE]
    given: dict[str, object] = {"since": wanted.since, "limit": limit}
    if wanted.action is not None:
        conditions.append("a.action = :action")
        given["action"] = wanted.action.value
    if before is not None:
        conditions.append(_BEFORE)
        given |= {"before_at": _time_of(connection, before), "before": before}
    if wanted.user is None:
        statement = _select(conditions)
    else:
        statement = _select([*conditions, _BY_USER], [*conditions, _OF_USER])
        given["user"] = wanted.user
    return [AuditRow(*row) for row in connection.execute(statement, given)]


def _time_of(connection: Connection, row: int) -> datetime:
    found: datetime | None = connection.execute(_FIND_TIME, {"row": row}).scalar_one_or_none()
    if found is None:
        reason = f"{row} is not a row of the audit, or was deleted after its retention: begin with the newest rows"
        raise UserError(unresolved("audit_identifier_before", reason))
    return found


def delete_old(
    engine: Engine, days: int, *, days_of_moves: int | None = None, stop: Callable[[], bool] = lambda: False
) -> int:
    """Delete the rows older than `days` in transactions of a bounded size, and return the number of deleted rows.

    Rows about moves of instances may be kept for fewer days, since a roll-out writes one for each instance.
    """
    deleted = in_batches(engine, _DELETE_OLD, {"days": days}, _BATCH, stop)
    if days_of_moves is not None and days_of_moves < days:
        deleted += in_batches(engine, _DELETE_OLD_MOVES, {"days": days_of_moves}, _BATCH, stop)
    return deleted
