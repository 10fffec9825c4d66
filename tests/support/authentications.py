"""The data of authentications, which no interface returns."""

from __future__ import annotations

from sqlalchemy import Connection, text

from app.solutions.people.cipher import Cipher
from app.solutions.texts import identifier

_DATA = text("SELECT data FROM authentication WHERE authentication_identifier = :authentication")


def read_data(connection: Connection, cipher: Cipher, authentication: str) -> str:
    """Return the data of an authentication."""
    data = connection.execute(_DATA, {"authentication": identifier(authentication)}).scalar_one()
    return cipher.decrypt(bytes(data))
