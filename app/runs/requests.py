"""The requests of asynchronous runs, stored in compressed parts until the run has ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

from sqlalchemy import Connection, Engine, text

from app.errors import BusyError, RelinkError
from app.runs.kept_responses import compressed, decompressed

SHARE = 2
"""The share of all room that one request may use: half of it is left for others."""

_LOCK_ROOM = 0x52454C4E
_INSERT = text("INSERT INTO run_request (run_identifier, part, content) VALUES (:run, :part, :content)")
_SELECT = text("SELECT content FROM run_request WHERE run_identifier = :run AND part = :part")
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_STORED = text("SELECT coalesce(sum(octet_length(content)), 0) FROM run_request")


class RequestTooLargeError(RelinkError):
    """103: the request of an asynchronous run has more bytes than one may have, compressed."""

    number = 103

    def __init__(self, most: int) -> None:
        super().__init__(f"the request has more than {most} bytes, compressed, the most that can wait for a worker")


class NoRoomError(BusyError):
    """106 with status 503: the requests that wait leave no room for this one."""

    retry_after = 30

    def __init__(self) -> None:
        super().__init__("the requests that wait for a worker use all the space for them: send it again later")


def keep(connection: Connection, run: int, document: Iterable[bytes], most: int) -> None:
    """Store the request of a run. All requests together may have `most` bytes, compressed.

    At the end, this waits for other transactions that store a request, and reserves the room until its own ends.
    Raises RequestTooLargeError or NoRoomError.
    """
    size = 0
    for number, part in enumerate(compressed(document)):
        size += len(part)
        if size > most // SHARE:
            raise RequestTooLargeError(most // SHARE)
        connection.execute(_INSERT, {"run": run, "part": number, "content": part})
    connection.execute(_LOCK, {"key": _LOCK_ROOM})
    if int(connection.execute(_STORED).scalar_one()) > most:
        raise NoRoomError


def kept(engine: Engine, run: int) -> Iterator[bytes]:
    """Return the request of a run, in blocks. No connection is held between two parts."""
    return decompressed(_parts(engine, run))


def _parts(engine: Engine, run: int) -> Iterator[bytes]:
    for number in count():
        with engine.connect() as connection:
            part = connection.execute(_SELECT, {"run": run, "part": number}).scalar_one_or_none()
        if part is None:
            return
        yield bytes(part)
