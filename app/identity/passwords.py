"""Hashing and checking passwords.

Hashes are Argon2id, with the first profile of the OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from threading import BoundedSemaphore, Lock
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)

# Computing a hash takes 19 MiB: many failed sign-ins at once must not exhaust the memory of the process.
_HASHES_AT_ONCE: Final = BoundedSemaphore(4)


def hash_password(password: str) -> str:
    """Return the hash of a password, with its salt and parameters, in PHC string format (`$argon2id$...`)."""
    with _HASHES_AT_ONCE:
        return _HASHER.hash(_bytes(password))


class PasswordVerifier:
    """Checks passwords, and remembers for a while which checks succeeded.

    A client that signs in with every request then pays for the hash only once in a while. The verifier remembers an
    HMAC of user, stored hash and password under a random key of this process, so a changed password is not found.
    Failures are never remembered. Safe to use from many threads.
    """

    def __init__(
        self, verified_seconds: int, *, clock: Callable[[], float] = time.monotonic, capacity: int = 10_000
    ) -> None:
        """Remember a success for `verified_seconds` (0: never) of `clock`, and at most `capacity` of them."""
        self._verified_seconds = verified_seconds
        self._clock = clock
        self._capacity = capacity
        self._key = secrets.token_bytes(32)
        self._dummy_hash = _dummy_hash()
        self._lock = Lock()
        self._valid_until: OrderedDict[bytes, float] = OrderedDict()

    def verify(self, user_key: str, stored_hash: str | None, password: str) -> bool:
        """Return whether the password is the one that was hashed; False if there is no stored hash.

        A check that is not remembered always takes the time of one hash. An invalid stored hash is a defect of the
        service: the exception of argon2 is not caught.
        """
        if stored_hash is None:
            is_right(self._dummy_hash, password)
            return False
        if self.is_remembered(user_key, stored_hash, password):
            return True
        if not is_right(stored_hash, password):
            return False
        self._remember(self._proof(user_key, stored_hash, password))
        return True

    def is_remembered(self, user_key: str, stored_hash: str | None, password: str) -> bool:
        """Return whether this password succeeded against this hash lately."""
        if stored_hash is None:
            return False
        proof = self._proof(user_key, stored_hash, password)
        with self._lock:
            valid_until = self._valid_until.get(proof)
        return valid_until is not None and self._clock() < valid_until

    def _remember(self, proof: bytes) -> None:
        with self._lock:
            self._valid_until[proof] = self._clock() + self._verified_seconds
            self._valid_until.move_to_end(proof)
            if len(self._valid_until) > self._capacity:
                self._valid_until.popitem(last=False)

    def _proof(self, user_key: str, stored_hash: str, password: str) -> bytes:
        parts = [_bytes(part) for part in (user_key, stored_hash, password)]
        # The lengths separate the parts: no two triples make the same message.
        message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return hmac.digest(self._key, message, "sha256")


@cache
def _dummy_hash() -> str:
    """Return a hash that no password matches. It is computed once in a process."""
    return hash_password(secrets.token_urlsafe())


def is_right(stored_hash: str, password: str) -> bool:
    """Return whether a password is the one that was hashed. Takes the time of one hash."""
    with _HASHES_AT_ONCE:
        try:
            return _HASHER.verify(stored_hash, _bytes(password))
        except VerifyMismatchError:
            return False


def _bytes(text: str) -> bytes:
    """Encode any text: a password with an unpaired surrogate is a wrong password, not an error."""
    return text.encode("utf-8", "surrogatepass")
