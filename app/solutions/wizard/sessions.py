"""The sessions of the wizard: what an end user has filled in so far, until it is finished, cancelled or expires.

An authorization code is exchanged for a session, whose token travels in the forms of the pages: in a frame of another
site cookies do not arrive. Only the hash of the token is stored, and what was filled in is encrypted.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Engine, text

from app.database.batches import in_batches
from app.identity.token_hashes import token_hash
from app.solutions.people.cipher import Cipher

LIFE: Final = timedelta(hours=1)
"""A session ends this long after its last page."""

_BYTES = 32
_BATCH = 1000
_CREATE = text("""
    INSERT INTO wizard_session (token_hash, owner, instance_identifier, filled_in, expires_at)
    VALUES (:hash, :owner, :instance, :filled_in, now() + CAST(:life AS interval))
""")
_FIND = text("""
    SELECT owner::text, instance_identifier::text, filled_in FROM wizard_session
    WHERE token_hash = :hash AND expires_at > now()
""")
_STORE = text("""
    UPDATE wizard_session SET filled_in = :filled_in, expires_at = now() + CAST(:life AS interval)
    WHERE token_hash = :hash AND expires_at > now()
""")
_END = text("DELETE FROM wizard_session WHERE token_hash = :hash RETURNING expires_at > now()")
_FORGET = text("""
    DELETE FROM wizard_session WHERE token_hash = ANY (ARRAY(
      SELECT token_hash FROM wizard_session WHERE expires_at <= now() LIMIT :batch FOR UPDATE SKIP LOCKED))
""")


class Purpose(StrEnum):
    """What a session is for."""

    CONFIGURE = "configure"
    CREATE_AUTHENTICATION = "create authentication"
    EDIT_AUTHENTICATION = "edit authentication"


@dataclass(frozen=True)
class NewAuthentication:
    """An authentication that an end user has filled in, and that is created at the end with this id. `data` is JSON as
    text."""

    name: str
    environment: str
    data: str = field(repr=False)
    authentication_id: str = field(default_factory=lambda: str(uuid4()))


@dataclass(frozen=True)
class FilledIn:
    """What a session is for, and what was filled in.

    `subject` is the external id of the slot, or the id of the authentication, that a session for an authentication is
    about. `release` is the latest release of the solution when the pages were made. Values are by external id: JSON as
    text, the ids of authentications, and new authentications.
    """

    purpose: Purpose
    subject: str | None = None
    validates: bool = False
    release: int = 0
    config: Mapping[str, str] = field(default_factory=dict, repr=False)
    chosen: Mapping[str, str] = field(default_factory=dict)
    new: Mapping[str, NewAuthentication] = field(default_factory=dict)


@dataclass(frozen=True)
class WizardSession:
    """The session of an end user, for one instance if it is about one."""

    token: str = field(repr=False)
    owner: str
    instance_id: str | None
    filled_in: FilledIn


def create_session(
    connection: Connection, cipher: Cipher, owner: str, instance_id: str | None, filled_in: FilledIn
) -> WizardSession:
    """Create a session and return it. Raises StateError if there is no key to encrypt with."""
    token = secrets.token_urlsafe(_BYTES)
    values = {"hash": token_hash(token), "owner": owner, "instance": instance_id, "life": LIFE}
    connection.execute(_CREATE, {**values, "filled_in": _encrypted(cipher, filled_in)})
    return WizardSession(token, owner, instance_id, filled_in)


def find_session(connection: Connection, cipher: Cipher, token: str) -> WizardSession | None:
    """Return the session of a token, or None if it has ended."""
    row = connection.execute(_FIND, {"hash": token_hash(token)}).one_or_none()
    if row is None:
        return None
    return WizardSession(token, row[0], row[1], _decrypted(cipher, bytes(row[2])))


def is_session(connection: Connection, token: str) -> bool:
    """Return whether a token is that of a session that has not ended."""
    return connection.execute(_FIND, {"hash": token_hash(token)}).first() is not None


def store_filled_in(connection: Connection, cipher: Cipher, token: str, filled_in: FilledIn) -> None:
    """Store what was filled in so far, and let the session last longer."""
    connection.execute(_STORE, {"hash": token_hash(token), "filled_in": _encrypted(cipher, filled_in), "life": LIFE})


def end_session(connection: Connection, token: str) -> bool:
    """End a session, and return whether it was open. Another request with the same token waits for this transaction."""
    return connection.execute(_END, {"hash": token_hash(token)}).scalar_one_or_none() is True


def forget_sessions(engine: Engine, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Delete sessions that have expired."""
    in_batches(engine, _FORGET, {}, _BATCH, stop)


def _encrypted(cipher: Cipher, filled_in: FilledIn) -> bytes:
    return cipher.encrypt(json.dumps(asdict(filled_in)))


def _decrypted(cipher: Cipher, stored: bytes) -> FilledIn:
    fields: dict[str, Any] = json.loads(cipher.decrypt(stored))
    new = {slot: NewAuthentication(**given) for slot, given in fields.pop("new").items()}
    return FilledIn(**{**fields, "purpose": Purpose(fields["purpose"]), "new": new})
