"""Tokens for the GraphQL interface, kept as hashes.

As documented, a master token belongs to the organisation and does not expire; a user token belongs to one end user and
is valid for two days; an authorization code is valid for five minutes and can be used once.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from app.database.sql_files import sql_file
from app.errors import UserError, invalid, no_such, refuse
from app.identity import audit
from app.identity.audit import Action, Event
from app.identity.present_rights import lock_administrators
from app.identity.rights import Caller, require_administrator
from app.identity.token_hashes import token_hash
from app.solutions.people.external_users import lock_external_user
from app.solutions.texts import text_faults
from app.text import is_whole_number

USER_TOKEN_LIFE: Final = timedelta(days=2)
CODE_LIFE: Final = timedelta(minutes=5)

_BYTES = 32
_MOST_NAME = 200
_MOST_DIGITS = 19
_INSERT = text("""
    INSERT INTO access_token (token_hash, kind, name, owner, expires_at)
    VALUES (:hash, :kind, :name, :owner, now() + CAST(:life AS interval))
    RETURNING token_identifier
""")
_FIND = text("""
    SELECT kind, owner, name, token_identifier,
           coalesce(last_used_at < now() - make_interval(secs => :noted_every), true) AS is_to_note
    FROM access_token
    WHERE token_hash = :hash AND kind IN ('master', 'user') AND (expires_at IS NULL OR expires_at > now())
""")
_NOTE_USE = audit.statement(sql_file("app.solutions.people", "note_token_use"))
_NOTED_EVERY = 60
_SIGN_IN_EVERY = 6 * 3600
_REDEEM = text("""
    DELETE FROM access_token WHERE token_hash = :hash AND kind = 'code' RETURNING owner, expires_at > now()
""")
# A number is an identifier. Any other text is a name of master tokens, which is never a number.
_REMOVE = text("""
    DELETE FROM access_token
    WHERE token_identifier = CAST(:identifier AS bigint) OR kind = 'master' AND name = CAST(:name AS text)
    RETURNING token_identifier, kind, name, owner::text, created_at, expires_at, last_used_at
""")
# Identifiers grow with the time at which tokens are created.
_LIST = text("""
    SELECT token_identifier, kind, name, owner::text, created_at, expires_at, last_used_at FROM access_token
    WHERE (kind = 'master' OR :all_kinds) AND (expires_at IS NULL OR expires_at > now()) AND token_identifier > :after
    ORDER BY token_identifier LIMIT CAST(:limit AS bigint)
""")
_FORGET_EXPIRED = text("DELETE FROM access_token WHERE expires_at <= now()")


@dataclass(frozen=True)
class MadeToken:
    """A new token with the identifier of its record. Only its creator sees the token."""

    identifier: int
    token: str = field(repr=False)


class TokenKind(StrEnum):
    """What a token is for."""

    MASTER = "master"
    USER = "user"
    CODE = "code"


@dataclass(frozen=True)
class Token:
    """A valid token. Its bearer is the organisation, or one end user (`owner`)."""

    kind: TokenKind
    owner: str | None
    name: str | None = None
    identifier: int = 0
    is_to_note: bool = False
    """Whether its last recorded use is at least a minute ago."""

    @property
    def is_master(self) -> bool:
        """Whether the token belongs to the organisation."""
        return self.kind is TokenKind.MASTER

    @property
    def label(self) -> str:
        """The name of its bearer in the audit."""
        return f"{self.kind.value} token {self.name if self.owner is None else f'of {self.owner}'}"


def create_master_token(connection: Connection, name: str, where: str = "name") -> MadeToken:
    """Create a master token. It cannot be read again. Raises UserError about `where`, the name."""
    refuse(text_faults(where, name, most=_MOST_NAME))
    if is_whole_number(name):
        raise UserError(invalid(where, "must not be a number: a number names a token by its id"))
    return _create(connection, TokenKind.MASTER, name, None, None)


def create_token(connection: Connection, caller: Caller, name: str, where: str = "name") -> MadeToken:
    """Create a master token on behalf of a caller. Raises like `create_master_token`, and NotAuthorisedError (101)
    unless the caller has administer-all when the token is created: the token outlives the rights of its maker."""
    require_administrator(caller, "to create tokens")
    require_administrator(lock_administrators(connection, caller), "to create tokens")
    return create_master_token(connection, name, where)


@dataclass(frozen=True)
class KnownToken:
    """The record of a token, without the token itself. Only a master token has a `name`; other tokens have an `owner`,
    who is an end user."""

    identifier: int
    kind: TokenKind
    name: str | None
    owner: str | None
    created: datetime
    expires: datetime | None
    last_used: datetime | None = None


def read_tokens(
    connection: Connection, *, all_kinds: bool = False, after: int = 0, limit: int | None = None
) -> list[KnownToken]:
    """Return the master tokens, the oldest first; with `all_kinds` also the end users' tokens and codes that have not
    expired. A page begins after the token with the identifier `after`."""
    values = {"all_kinds": all_kinds, "after": after, "limit": limit}
    return [_known(row) for row in connection.execute(_LIST, values)]


def remove_tokens(connection: Connection, name_or_identifier: str) -> int:
    """Remove the token with an id, or the master tokens with a name. Every process refuses them from now on.

    Returns how many were removed. Raises UserError if there is no such token.
    """
    by_identifier = is_whole_number(name_or_identifier) and len(name_or_identifier) < _MOST_DIGITS
    possible = by_identifier or not text_faults("name", name_or_identifier, most=_MOST_NAME)
    given = {
        "identifier": int(name_or_identifier) if by_identifier else None,
        "name": None if by_identifier or not possible else name_or_identifier,
    }
    removed = _removed(connection, given)
    if not removed:
        raise UserError(no_such("", "token named", name_or_identifier, ", and none with this id"))
    return removed


def remove_token(connection: Connection, identifier: int, where: str) -> None:
    """Remove the token with an id. Every process refuses it from now on. Raises UserError about `where`, the id."""
    if not _removed(connection, {"identifier": identifier, "name": None}):
        raise UserError(no_such(where, "token", identifier, ": it was removed, or has expired"))


def authorize(connection: Connection, user_id: str) -> str:
    """Create a user token for an end user and return it. Raises UserError about `user_id`."""
    owner = lock_external_user(connection, user_id, "user_id")
    connection.execute(_FORGET_EXPIRED)
    return _create(connection, TokenKind.USER, None, owner, USER_TOKEN_LIFE).token


def create_authorization_code(connection: Connection, user_id: str) -> str:
    """Create a code with which an end user's browser can open the wizard once. Raises UserError about `user_id`."""
    owner = lock_external_user(connection, user_id, "user_id")
    return _create(connection, TokenKind.CODE, None, owner, CODE_LIFE).token


def find_token(connection: Connection, token: str) -> Token | None:
    """Return the token that a bearer presents, or None if it is unknown or has expired."""
    row = connection.execute(_FIND, {"hash": token_hash(token), "noted_every": _NOTED_EVERY}).one_or_none()
    if row is None:
        return None
    owner = None if row.owner is None else str(row.owner)
    return Token(TokenKind(row.kind), owner, row.name, row.token_identifier, row.is_to_note)


def note_use(connection: Connection, token: Token) -> None:
    """Record that the present actor, who is the bearer of the token, uses it now.

    The audit records the first use, and a use after some hours without one, as a sign-in.
    """
    signed_in = Event(Action.SIGN_IN, "token", str(token.identifier))
    values = {"token": token.identifier, "sign_in_every": _SIGN_IN_EVERY, **audit.parameters(signed_in)}
    if connection.execute(_NOTE_USE, values).rowcount:
        audit.log_on_commit(connection, signed_in)


def redeem_authorization_code(connection: Connection, code: str) -> str | None:
    """Return the end user of a code and remove the code, or return None if the code is unknown, used or expired."""
    row = connection.execute(_REDEEM, {"hash": token_hash(code)}).one_or_none()
    return str(row[0]) if row is not None and row[1] else None


def _removed(connection: Connection, given: Mapping[str, object]) -> int:
    """Remove tokens and return how many were removed."""
    removed = [_known(row) for row in connection.execute(_REMOVE, given)]
    for token in removed:
        _record(connection, Action.TOKEN_REMOVED, token.kind, token.identifier, token.name, token.owner)
    return len(removed)


def _create(
    connection: Connection, kind: TokenKind, name: str | None, owner: str | None, life: timedelta | None
) -> MadeToken:
    token = secrets.token_urlsafe(_BYTES)
    values = {"hash": token_hash(token), "kind": kind.value, "name": name, "owner": owner, "life": life}
    identifier = connection.execute(_INSERT, values).scalar_one()
    _record(connection, Action.TOKEN_CREATED, kind, identifier, name, owner)
    return MadeToken(identifier, token)


def _record(
    connection: Connection, action: Action, kind: TokenKind, identifier: int, name: str | None, owner: str | None
) -> None:
    details = {"kind": kind.value, **({"name": name} if owner is None else {"owner": owner})}
    audit.record(connection, Event(action, "token", str(identifier), details))


def _known(row: Row[*tuple[Any, ...]]) -> KnownToken:
    identifier, kind, name, owner, created, expires, last_used = row
    return KnownToken(identifier, TokenKind(kind), name, owner, created, expires, last_used)
