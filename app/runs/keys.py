"""Keys of requests: a client that repeats a request with the same `Idempotency-Key` gets the same run.

A key belongs to its user, and is free again a day after the run was recorded. It is also free if the run has ended
without a response, because it was refused, or was interrupted, because its process died or a worker could not store an
import: then the request is carried out. The key of a run that
was cancelled while it waited for a worker is not free: a proxy may deliver the request once more after the cancelling.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.errors import RelinkError
from app.identity.rights import Caller
from app.runs import record

_SELECT = text("""
    SELECT r.run_identifier, r.request_digest, r.state IN ('queued', 'running') AS is_open,
           r.queued_at > now() - interval '1 day' AS is_recent,
           r.state <> 'interrupted' AND EXISTS (SELECT FROM run_response s WHERE s.run_identifier = r.run_identifier)
             OR r.asynchronous AND r.state = 'cancelled' AND r.cancel_requested AS is_settled
    FROM run r WHERE r.user_identifier = :user AND r.idempotency_key = :key
""")
_GIVE = text("UPDATE run SET idempotency_key = :key, request_digest = :digest WHERE run_identifier = :run")
_FREE = text("""
    UPDATE run SET idempotency_key = NULL WHERE user_identifier = :user AND idempotency_key = :key
""")


@dataclass(frozen=True)
class Key:
    """The key that a client gave to a request, and a digest of the request without its credentials."""

    text: str
    digest: bytes


class KeyReusedError(RelinkError):
    """105 with status 422: the key belongs to a different request."""

    number = 105

    def __init__(self, run: int) -> None:
        super().__init__(
            f"run {run} was started with this key by a different request: give each request a key of its own"
        )


class SameRunError(RelinkError):
    """Another request with the same key has begun the run meanwhile. The caller returns that run."""

    number = 106

    def __init__(self, run: int) -> None:
        super().__init__(f"this request is run {run}")
        self.run = run


def run_of(connection: Connection, caller: Caller, key: Key) -> int | None:
    """Return the run that a key of a caller belongs to, or None if the key is free.

    Raises KeyReusedError if the run was started by a different request.
    """
    wanted = {"user": caller.user_identifier, "key": key.text}
    found = connection.execute(_SELECT, wanted).one_or_none()
    if found is not None and found.is_open:
        record.find(connection, found.run_identifier)  # closes a dead run
        found = connection.execute(_SELECT, wanted).one_or_none()
    if found is None or not found.is_recent or not (found.is_open or found.is_settled):
        return None
    if bytes(found.request_digest) != key.digest:
        raise KeyReusedError(found.run_identifier)
    return int(found.run_identifier)


def check(connection: Connection, caller: Caller, key: Key | None) -> None:
    """Raise SameRunError or KeyReusedError if a key belongs to a run.

    The calling code holds the lock of the registry until it has recorded a run and given it the key.
    """
    if key is not None and (other := run_of(connection, caller, key)) is not None:
        raise SameRunError(other)


def give(connection: Connection, caller: Caller, key: Key | None, run: int) -> None:
    """Give a key that is free to a new run."""
    if key is not None:
        connection.execute(_FREE, {"user": caller.user_identifier, "key": key.text})
        connection.execute(_GIVE, {"run": run, "key": key.text, "digest": key.digest})
