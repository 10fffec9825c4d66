"""Tokens for the GraphQL interface, kept as hashes.

As documented: a master token is the organisation's and does not expire; a user token is one end user's and lives two
days; an authorization code lives five minutes and is good once.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, text

from app.errors import UserError, user_error
from app.solutions.people.external_users import lock_external_user
from app.solutions.texts import text_faults

USER_TOKEN_LIFE: Final = timedelta(days=2)
CODE_LIFE: Final = timedelta(minutes=5)

_BYTES = 32
_MOST_NAME = 200
_INSERT = text("""
    INSERT INTO access_token (token_hash, kind, name, owner, expires_at)
    VALUES (:hash, :kind, :name, :owner, now() + CAST(:life AS interval))
""")
_FIND = text("""
    SELECT kind, owner, name FROM access_token
    WHERE token_hash = :hash AND kind IN ('master', 'user') AND (expires_at IS NULL OR expires_at > now())
""")
_REDEEM = text("""
    DELETE FROM access_token WHERE token_hash = :hash AND kind = 'code' RETURNING owner, expires_at > now()
""")
_FORGET_EXPIRED = text("DELETE FROM access_token WHERE expires_at <= now()")


class TokenKind(StrEnum):
    """What a token is for."""

    MASTER = "master"
    USER = "user"
    CODE = "code"


@dataclass(frozen=True)
class Token:
    """What a token lets its bearer be: the organisation, or one end user (`owner`)."""

    kind: TokenKind
    owner: str | None
    name: str | None = None

    @property
    def is_master(self) -> bool:
        """Whether it is the organisation's."""
        return self.kind is TokenKind.MASTER


def create_master_token(connection: Connection, name: str) -> str:
    """Make a master token and answer it: it cannot be read again. Raises UserError about `name`."""
    faults = text_faults("name", name, most=_MOST_NAME)
    if faults:
        raise UserError(faults)
    return _create(connection, TokenKind.MASTER, name, None, None)


@dataclass(frozen=True)
class MasterToken:
    """What is known of a master token: not the token itself."""

    name: str
    created: datetime


def read_master_tokens(connection: Connection) -> list[MasterToken]:
    """The master tokens, by age."""
    query = text("SELECT name, created_at FROM access_token WHERE kind = 'master' ORDER BY created_at, name")
    return [MasterToken(*row) for row in connection.execute(query)]


def remove_master_tokens(connection: Connection, name: str) -> int:
    """Remove the master tokens of a name and return how many there were. Raises UserError if there is none."""
    query = text("DELETE FROM access_token WHERE kind = 'master' AND name = :name")
    possible = not text_faults("name", name, most=_MOST_NAME)
    removed = connection.execute(query, {"name": name}).rowcount if possible else 0
    if removed == 0:
        user_error("", f'there is no token named "{name}"')
    return removed


def authorize(connection: Connection, user_id: str) -> str:
    """Make a user token for an end user and answer it. Raises UserError about `userId`."""
    owner = lock_external_user(connection, user_id, "userId")
    connection.execute(_FORGET_EXPIRED)
    return _create(connection, TokenKind.USER, None, owner, USER_TOKEN_LIFE)


def create_authorization_code(connection: Connection, user_id: str) -> str:
    """Make a code with which an end user's browser may open the wizard, once. Raises UserError about `userId`."""
    owner = lock_external_user(connection, user_id, "userId")
    return _create(connection, TokenKind.CODE, None, owner, CODE_LIFE)


def find_token(connection: Connection, token: str) -> Token | None:
    """The token that a bearer presents, if there is such a one and it has not expired."""
    row = connection.execute(_FIND, {"hash": _hash(token)}).one_or_none()
    if row is None:
        return None
    return Token(TokenKind(row.kind), None if row.owner is None else str(row.owner), row.name)


def redeem_authorization_code(connection: Connection, code: str) -> str | None:
    """The end user of a code, which is used up by this; None for one that is unknown, used or expired."""
    row = connection.execute(_REDEEM, {"hash": _hash(code)}).one_or_none()
    return str(row[0]) if row is not None and row[1] else None


def _create(
    connection: Connection, kind: TokenKind, name: str | None, owner: str | None, life: timedelta | None
) -> str:
    token = secrets.token_urlsafe(_BYTES)
    values = {"hash": _hash(token), "kind": kind.value, "name": name, "owner": owner, "life": life}
    connection.execute(_INSERT, values)
    return token


def _hash(token: str) -> bytes:
    """Tokens are long and random: a plain hash of them tells nothing."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
