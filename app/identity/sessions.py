"""Sessions: a user signs in once with a password, and is then known by a token.

A session ends when its user signs out, is disabled or gets a new password, after some hours without a request, and
after a week. Only the hashes of tokens are stored.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, Engine, text

from app.database.sql_files import sql_file
from app.errors import NotAuthorisedError
from app.identity.right import ADMINISTER_ALL, ADMINISTER_SOLUTIONS, GLOBAL_PERMISSIONS
from app.identity.rights import Caller
from app.identity.sign_in import SignedIn
from app.identity.token_hashes import token_hash
from app.identity.users import PUBLIC_GROUP

IDLE: Final = timedelta(hours=12)
"""A session without a request for this long has ended."""
LONGEST: Final = timedelta(days=7)
"""A session ends after this time, whatever happens."""

_BYTES = 32
_NOTED_EVERY = timedelta(minutes=1)

# The lock waits for a transaction that disables the user or changes the password, and keeps others from doing so
# before the session is stored: either they end it, or it is not created.
_CREATE = text("""
    INSERT INTO user_session (token_hash, user_identifier)
    SELECT :hash, user_identifier FROM account
    WHERE user_identifier = :user AND enabled AND password_hash = :stored_hash
    FOR SHARE
    RETURNING user_identifier
""")
_FIND = text(sql_file("app.identity", "open_session"))
# A request does not wait for another one that notes the use of the same session.
_NOTE_USE = text("""
    UPDATE user_session SET last_used_at = now() WHERE token_hash IN (
      SELECT token_hash FROM user_session WHERE token_hash = :hash FOR NO KEY UPDATE SKIP LOCKED
    )
""")
_END = text("DELETE FROM user_session WHERE token_hash = :hash")
_END_ALL = text("DELETE FROM user_session WHERE user_identifier = :user")
_FORGET = text("""
    DELETE FROM user_session
    WHERE last_used_at <= now() - CAST(:idle AS interval) OR created_at <= now() - CAST(:longest AS interval)
""")
_LIFE = {"idle": IDLE, "longest": LONGEST}


@dataclass(frozen=True)
class Session:
    """An open session: its user, with the rights that the user has now."""

    caller: Caller
    logon_reference: str
    user_name: str
    is_to_note: bool = False
    """Whether its last recorded use is at least a minute ago."""


def create_session(connection: Connection, signed_in: SignedIn) -> str:
    """Create a session for a user whose password has been checked, and return its token.

    Raises NotAuthorisedError (101) if the user has been disabled or has got a new password since.
    """
    token = secrets.token_urlsafe(_BYTES)
    values = {
        "hash": token_hash(token),
        "user": signed_in.caller.user_identifier,
        "stored_hash": signed_in.stored_hash,
    }
    if connection.execute(_CREATE, values).one_or_none() is None:
        raise NotAuthorisedError("the account has changed since the password was checked: sign in again")
    return token


def find_session(connection: Connection, token: str) -> Session | None:
    """Return the open session with a token, or None if there is none."""
    values = {
        "hash": token_hash(token),
        "public": PUBLIC_GROUP,
        "global_permissions": list(GLOBAL_PERMISSIONS),
        "noted_every": _NOTED_EVERY,
        **_LIFE,
    }
    row = connection.execute(_FIND, values).one_or_none()
    if row is None:
        return None
    permissions = row.global_permissions
    groups = tuple(sorted(set(row.group_identifiers)))
    caller = Caller(row.user_identifier, groups, ADMINISTER_ALL in permissions, ADMINISTER_SOLUTIONS in permissions)
    return Session(caller, row.user_logon_reference, row.user_name, row.is_to_note)


def note_use(connection: Connection, token: str) -> None:
    """Record that a session is used now, so that it does not end."""
    connection.execute(_NOTE_USE, {"hash": token_hash(token)})


def end_session(connection: Connection, token: str) -> None:
    """End the session with a token, if there is one."""
    connection.execute(_END, {"hash": token_hash(token)})


def end_sessions(connection: Connection, user_identifier: int) -> None:
    """End all sessions of a user."""
    connection.execute(_END_ALL, {"user": user_identifier})


def forget_sessions(engine: Engine) -> None:
    """Delete the sessions that have ended because they were not used, or are old."""
    with engine.begin() as connection:
        connection.execute(_FORGET, _LIFE)
