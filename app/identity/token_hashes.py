"""The hashes of tokens, which the database has in place of the tokens."""

from __future__ import annotations

from hashlib import sha256


def token_hash(token: str) -> bytes:
    """Return the hash of a token. Tokens are long and random, so no salt is needed to keep them from being guessed."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
