"""Encrypts the data of authentications for the database, with a key that is not stored there."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken

from app.errors import StateError


@dataclass(frozen=True)
class Cipher:
    """Encrypts and decrypts with the key of the settings, `Settings.secret_key`."""

    secret_key: str | None = field(default=None, repr=False)

    def encrypt(self, text: str) -> bytes:
        """Return the text encrypted. Raises StateError if there is no key."""
        return self._fernet().encrypt(text.encode())

    def decrypt(self, data: bytes) -> str:
        """Return the text that was encrypted. Raises StateError if there is no key, or if the text was encrypted with
        another key."""
        try:
            return self._fernet().decrypt(data).decode()
        except InvalidToken:
            raise StateError("the authentication cannot be read: it was encrypted with another key") from None

    def _fernet(self) -> Fernet:
        if self.secret_key is None:
            raise StateError(
                "authentications cannot be stored: the operator of this service must set RELINK_SECRET_KEY"
            )
        return Fernet(self.secret_key)
