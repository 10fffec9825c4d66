"""Keeping the data of authentications: encrypted in the database, with a key that is not there."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken

from app.errors import StateError


@dataclass(frozen=True)
class Cipher:
    """Encrypts and decrypts with the key of the settings, `Settings.secret_key`."""

    secret_key: str | None = field(default=None, repr=False)

    def encrypt(self, text: str) -> bytes:
        """A text as it may stand in the database. Raises StateError where there is no key."""
        return self._fernet().encrypt(text.encode())

    def decrypt(self, data: bytes) -> str:
        """What was encrypted. Raises StateError where there is no key, or it was encrypted with another one."""
        try:
            return self._fernet().decrypt(data).decode()
        except InvalidToken:
            raise StateError("the authentication cannot be read: it was encrypted with another key") from None

    def _fernet(self) -> Fernet:
        if self.secret_key is None:
            raise StateError("authentications cannot be kept: RELINK_SECRET_KEY is not set")
        return Fernet(self.secret_key)
