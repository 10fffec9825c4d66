"""Creating users.

Every user has a group of its own with the user's logon reference: users and groups share one namespace.
"""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.errors import Fault, UserError, invalid, missing, refuse, taken
from app.identity import audit
from app.identity.audit import Action, Event
from app.identity.passwords import hash_password
from app.identity.right import ADMINISTER_ALL
from app.identity.rights import Caller, require_administrator
from app.text import is_blank, is_writable, present

PUBLIC_GROUP: Final = 1
"""The identifier of `public`, the group of everyone, signed in or not. The first migration creates it."""

USER_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,199}", re.ASCII)
"""The form of the references of users and groups."""

_LEAST_PASSWORD = 8
_MOST_PASSWORD = 1024
_MOST_NAME = 1000
_MOST_EMAIL = 320

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")

_INSERT_USER = text(sql_file("app.identity", "insert_user"))

_FIND_GROUP = text("SELECT user_group_identifier FROM user_group WHERE user_group_reference = :reference")

_GIVE_ALL = text("""
    INSERT INTO permission (permission_type, user_group_identifier)
    SELECT :permission, own_group_identifier FROM account WHERE user_identifier = :user
""")


def create_user(
    connection: Connection,
    caller: Caller,
    logon_reference: str | None,
    password: str | None,
    name: str | None = None,
    email: str | None = None,
) -> int:
    """Create a user on behalf of a caller and return its identifier, with the rules and faults of `add_user`.

    Raises NotAuthorisedError (101) unless the caller has administer-all.
    """
    require_administrator(caller, "to create users")
    return add_user(connection, logon_reference, password, name, email)


def add_user(
    connection: Connection,
    logon_reference: str | None,
    password: str | None,
    name: str | None = None,
    email: str | None = None,
    *,
    admin: bool = False,
) -> int:
    """Create a user and its own group, with administer-all for an admin, and return the user's identifier.

    The name defaults to the logon reference. Raises UserError (105) about `user_logon_reference_create` (also if a user
    or group has it), `password_create`, `user_name` and `user_email_address`. The calling code owns the transaction,
    and must roll it back when this function raises.
    """
    logon, password = logon_reference or "", password or ""
    faults = [
        *_logon_faults(logon),
        *password_faults("password_create", password),
        *_name_faults(name or ""),
        *_email_faults(email or ""),
    ]
    refuse(faults)
    values = {
        "logon": logon,
        "name": present(name) or logon,
        "email": email or None,
        "password_hash": hash_password(password),
    }
    # ON CONFLICT waits for a transaction that is creating the same user, and then adds nothing.
    user = connection.execute(_INSERT_USER, values).scalar_one_or_none()
    if user is None:
        raise UserError(
            taken("user_logon_reference_create", f"{logon} is taken: a user or a user group has this reference")
        )
    if admin:
        connection.execute(_GIVE_ALL, {"permission": ADMINISTER_ALL, "user": user})
    audit.record(connection, Event(Action.USER_CREATED, "user", logon, {ADMINISTER_ALL: True} if admin else {}))
    return int(user)


def find_group(connection: Connection, reference: str) -> int | None:
    """Return the identifier of the user group with this reference, or None if there is none."""
    if not USER_REFERENCE.fullmatch(reference):
        return None
    found = connection.execute(_FIND_GROUP, {"reference": reference}).scalar_one_or_none()
    return None if found is None else int(found)


def _logon_faults(logon: str) -> list[Fault]:
    if not logon:
        return [missing("user_logon_reference_create")]
    if not USER_REFERENCE.fullmatch(logon):
        reason = (
            "must begin with a letter or digit, continue with letters, digits and . _ @ + -,"
            " and have at most 200 characters"
        )
        return [invalid("user_logon_reference_create", reason)]
    return []


def password_faults(field: str, password: str) -> list[Fault]:
    """Return the faults of a new password that was given in a field."""
    if is_blank(password):
        return [missing(field, why="white space alone is not a password")]
    if not _LEAST_PASSWORD <= len(password) <= _MOST_PASSWORD:
        return [invalid(field, f"must have {_LEAST_PASSWORD} to {_MOST_PASSWORD} characters")]
    if not is_writable(password):
        return [invalid(field, "must not have control characters")]
    return []


def _name_faults(name: str) -> list[Fault]:
    if len(name) > _MOST_NAME:
        return [invalid("user_name", f"must have at most {_MOST_NAME} characters")]
    if not is_writable(name):
        return [invalid("user_name", "must not have control characters")]
    return []


def _email_faults(email: str) -> list[Fault]:
    if not email:
        return []
    if len(email) > _MOST_EMAIL:
        return [invalid("user_email_address", f"must have at most {_MOST_EMAIL} characters")]
    if not _EMAIL.fullmatch(email) or not is_writable(email):
        return [invalid("user_email_address", "must be an email address, such as name@example.com")]
    return []
