"""The end users of solutions, who have instances and authentications. They are not users of Relink."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

from psycopg.errors import UniqueViolation
from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import IntegrityError

from app.database.sql_files import sql_file
from app.errors import Fault, UserError, not_found, refuse, taken, too_many, unknown
from app.identity import audit
from app.identity.audit import Action, Event
from app.solutions.listing import Listing
from app.solutions.texts import MOST_EXTERNAL_ID, identifier, identifiers, text_faults
from app.text import counted

_TABLES: Final = {"instance": "solution_instance", "authentication": "authentication"}

_COLUMNS = "user_identifier, name, external_user_identifier, is_test_user, created_at"
_KIND: Final = "end-user"
"""The kind of object that an end user is in the audit."""
_INSERT = audit.statement("""
    WITH created AS (
      INSERT INTO external_user (user_identifier, name, external_user_identifier, is_test_user)
      VALUES (:user, :name, :external, :test) ON CONFLICT DO NOTHING RETURNING 1
    )
    INSERT INTO audit ({columns}) SELECT {values} FROM created RETURNING details
""")
_UPDATE = audit.statement("""
    WITH changed AS (
      UPDATE external_user SET name = coalesce(:name, name), is_test_user = coalesce(:test, is_test_user),
             external_user_identifier = coalesce(:external, external_user_identifier)
      WHERE user_identifier = :user RETURNING 1
    )
    INSERT INTO audit ({columns}) SELECT {values} FROM changed RETURNING details
""")
_REMOVE = audit.statement(sql_file("app.solutions.people", "remove_external_user"))


@dataclass(frozen=True)
class UserFilter:
    """Selects end users: they must match all fields that are given."""

    user_id: str | None = None
    external_user_id: str | None = None
    name: str | None = None
    is_test_user: bool | None = None


@dataclass(frozen=True)
class ExternalUser:
    """An end user. `external_user_id` is their id in the partner's system."""

    user_id: str
    name: str
    external_user_id: str
    is_test_user: bool
    created: datetime


def create_external_user(
    connection: Connection, name: str | None, external_user_id: str | None, *, is_test_user: bool = False
) -> str:
    """Create an end user and return its id. Raises UserError about `name` and `external_user_id`."""
    _check(name, external_user_id, new=True)
    user = str(uuid4())
    values = {"user": user, "name": name, "external": external_user_id, "test": is_test_user}
    # ON CONFLICT waits for a transaction that creates the same user, and then adds nothing.
    if not audit.make_change(connection, _INSERT, values, Event(Action.END_USER_CREATED, _KIND, user)):
        raise UserError(taken("external_user_id", f"{external_user_id} is taken"))
    return user


def update_external_user(
    connection: Connection,
    user_id: str,
    *,
    name: str | None = None,
    external_user_id: str | None = None,
    is_test_user: bool | None = None,
) -> None:
    """Change the given fields of an end user. Raises UserError about `user_id`, `name` and `external_user_id`."""
    _check(name, external_user_id, new=False)
    given = {"name": name, "externalUserId": external_user_id, "isTestUser": is_test_user}
    fields = [field for field, value in given.items() if value is not None]
    if not fields:
        lock_external_user(connection, user_id, "user_id")
        return
    user = identifier(user_id)
    values = {"user": user, "name": name, "external": external_user_id, "test": is_test_user}
    event = Event(Action.END_USER_CHANGED, _KIND, user, {"fields": fields})
    try:
        with connection.begin_nested():
            known = audit.make_change(connection, _UPDATE, values, event)
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        raise UserError(taken("external_user_id", f"{external_user_id} is taken")) from None
    if not known:
        raise UserError(unknown("user_id", user_id))


def remove_external_user(connection: Connection, user_id: str) -> None:
    """Remove an end user with all its instances and authentications ("Removing a user disables and deletes all that
    user's instances"). Raises UserError about `user_id`."""
    # Locked before the statement that counts, so that an instance that is being created is counted.
    user = _lock(connection, user_id, "user_id", "UPDATE")
    audit.make_change(connection, _REMOVE, {"user": user}, Event(Action.END_USER_REMOVED, _KIND, user))


def read_external_user(connection: Connection, user_id: str) -> ExternalUser:
    """Return an end user. Raises UserError about `user_id`."""
    query = text(f"SELECT {_COLUMNS} FROM external_user WHERE user_identifier = :user")  # noqa: S608
    row = connection.execute(query, {"user": identifier(user_id)}).one_or_none()
    if row is None:
        raise UserError(not_found("user_id"))
    return _external_user(row)


def read_external_users(connection: Connection, ids: Iterable[str]) -> dict[str, ExternalUser]:
    """Return the end users of `ids` that exist, by id."""
    query = text(f"SELECT {_COLUMNS} FROM external_user WHERE user_identifier = ANY (cast(:ids AS uuid[]))")  # noqa: S608
    found = (_external_user(row) for row in connection.execute(query, {"ids": identifiers(ids)}))
    return {user.user_id: user for user in found}


def user_listing(wanted: UserFilter) -> Listing:
    """Return the list of the end users that match a filter, the oldest first. An invalid id matches nothing."""
    parts: dict[str, object] = {
        "user_identifier = cast(:user AS uuid)": wanted.user_id,
        "external_user_identifier = :external": wanted.external_user_id,
        "name = :name": wanted.name,
        "is_test_user = :test": wanted.is_test_user,
    }
    parameters: dict[str, object] = {
        "user": identifier(wanted.user_id),
        "external": wanted.external_user_id,
        "name": wanted.name,
        "test": wanted.is_test_user,
    }
    given = [condition for condition, value in parts.items() if value is not None]
    return Listing("external_user", "created_at", "user_identifier", " AND ".join(given) or "true", parameters)


def lock_external_user(connection: Connection, user_id: str | None, field: str, *, alone: bool = False) -> str:
    """Lock an end user, so that it is not removed before the transaction ends, and return its id. Raises UserError.

    With `alone`, other transactions that do the same wait, so that the end user's instances and authentications can be
    counted.
    """
    return _lock(connection, user_id, field, "NO KEY UPDATE" if alone else "KEY SHARE")


def _lock(connection: Connection, user_id: str | None, field: str, lock: str) -> str:
    query = text(f"SELECT user_identifier FROM external_user WHERE user_identifier = :user FOR {lock}")  # noqa: S608
    user = connection.execute(query, {"user": identifier(user_id)}).scalar_one_or_none()
    if user is None:
        raise UserError(unknown(field, user_id))
    return str(user)


def check_number(connection: Connection, owner: str, kind: str, most: int) -> None:
    """Raise UserError if a locked end user already has the maximum number of instances or authentications."""
    query = text(f"SELECT count(*) FROM {_TABLES[kind]} WHERE owner = :owner")  # noqa: S608
    if connection.execute(query, {"owner": owner}).scalar_one() >= most:
        raise UserError(too_many("owner", f"has {counted(most, kind)}, and cannot have more: remove one first"))


def _check(name: str | None, external_user_id: str | None, *, new: bool) -> None:
    faults: list[Fault] = []
    if new or name is not None:
        faults += text_faults("name", name)
    if new or external_user_id is not None:
        faults += text_faults("external_user_id", external_user_id, most=MOST_EXTERNAL_ID)
    refuse(faults)


def _external_user(row: Row[tuple[object, ...]]) -> ExternalUser:
    return ExternalUser(
        str(row.user_identifier), row.name, row.external_user_identifier, row.is_test_user, row.created_at
    )
