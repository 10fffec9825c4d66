"""Telling people outside: messages are written with what they tell of, and sent by workers until they are taken.

"Notify the end users of these instances to run the config wizard" (Updating vs Upgrading). A message is written in the
transaction of the publication or the upgrade that it tells of, so there is one exactly if that has happened, and
nobody waits for a receiver. A worker claims a message for some time, sends it while it has no transaction open, and
records what came of it. Sending is at least once: a worker that dies before it has recorded that leaves the message to
be sent again, with the same `id`, when that time is over.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from typing import Final
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

import structlog
from sqlalchemy import Connection, Engine, text

from app.database.batches import in_batches
from app.settings import Settings
from app.solutions.texts import time_text

NEEDS_USER_INPUT: Final = "instance.needs_user_input"
SIGNATURE_HEADER: Final = "Relink-Signature"
TIMEOUT: Final = 10.0
LEASE: Final = 60
"""How long a message is left to the worker that has claimed it: longer than it takes to look up a receiver and wait for
its answer."""
FIRST_PAUSE: Final = 10
LONGEST_PAUSE: Final = 3600
GIVE_UP_AFTER: Final = 24 * 3600
FORGET_AFTER: Final = 7 * 24 * 3600

_log = structlog.get_logger("relink.outbox")

_ANNOUNCE = text("""
    INSERT INTO outbox (event, body)
    SELECT :event, jsonb_build_object(
             'solutionId', i.solution_identifier, 'releaseNumber', CAST(:release AS integer),
             'solutionInstanceId', i.instance_identifier, 'owner', i.owner)
    FROM solution_instance i
    WHERE i.solution_identifier = :solution AND i.instance_identifier = ANY (CAST(:instances AS uuid[]))
""")
_CLAIM = text("""
    UPDATE outbox SET attempts = attempts + 1, due_at = clock_timestamp() + make_interval(secs => :lease)
    WHERE message_identifier = (
      SELECT message_identifier FROM outbox
      WHERE sent_at IS NULL AND given_up_at IS NULL AND due_at <= now()
        AND created_at > now() - make_interval(secs => :give_up_after)
      ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING message_identifier::text, event, body, created_at, attempts
""")
# It may have been given up meanwhile.
_SENT = text("""
    UPDATE outbox SET sent_at = clock_timestamp(), given_up_at = NULL WHERE message_identifier = :message
""")
# Unless another worker has claimed it since.
_NOT_SENT = text("""
    UPDATE outbox
    SET due_at = clock_timestamp() + make_interval(secs => :pause),
        given_up_at = CASE
          WHEN clock_timestamp() + make_interval(secs => :pause) > created_at + make_interval(secs => :give_up_after)
          THEN clock_timestamp() END
    WHERE message_identifier = :message AND attempts = :attempts AND sent_at IS NULL AND given_up_at IS NULL
    RETURNING given_up_at IS NOT NULL
""")
_GIVE_UP = text("""
    UPDATE outbox SET given_up_at = clock_timestamp()
    WHERE message_identifier = ANY (ARRAY(
      SELECT message_identifier FROM outbox
      WHERE sent_at IS NULL AND given_up_at IS NULL AND created_at <= now() - make_interval(secs => :age)
      ORDER BY due_at LIMIT :batch FOR UPDATE SKIP LOCKED))
""")
_FORGET = text("""
    DELETE FROM outbox
    WHERE message_identifier = ANY (ARRAY(
      SELECT message_identifier FROM outbox
      WHERE (sent_at IS NOT NULL OR given_up_at IS NOT NULL)
        AND coalesce(sent_at, given_up_at) <= now() - make_interval(secs => :age)
      ORDER BY coalesce(sent_at, given_up_at) LIMIT :batch FOR UPDATE SKIP LOCKED))
""")


@dataclass(frozen=True)
class Webhook:
    """Where messages go, and the secret that they are signed with."""

    url: str
    secret: str = field(repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Webhook | None:
        """That of the settings, None where there is none."""
        if settings.webhook_url is None or settings.webhook_secret is None:
            return None
        return cls(settings.webhook_url, settings.webhook_secret)


def announce(
    connection: Connection, solution_id: UUID | str, release_number: int, instance_ids: Collection[UUID | str]
) -> None:
    """Write a message for each of these instances of a solution: its end user is needed for a release.

    The commit waits for the disk, whatever the session's setting: what is told has happened.
    """
    if not instance_ids:
        return
    connection.execute(text("SET LOCAL synchronous_commit = on"))
    given = {
        "event": NEEDS_USER_INPUT,
        "solution": str(solution_id),
        "release": release_number,
        "instances": [str(instance) for instance in instance_ids],
    }
    connection.execute(_ANNOUNCE, given)


def send_due(
    engine: Engine,
    webhook: Webhook,
    *,
    most: int,
    within: float = float("inf"),
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Send messages that are due, and answer how many were taken by the receiver.

    Sends `most` of them at most, and begins with no other one when `within` seconds have passed or `stop` says so. Any
    number of workers may do so at once. A receiver that does not answer at all is not asked again before the next call.
    """
    until = time.monotonic() + within
    taken = 0
    for number in range(most):
        if stop() or (number > 0 and time.monotonic() >= until):
            break
        message = _claim(engine)
        if message is None:
            break
        answer = _post(webhook, message.document())
        taken += _record(engine, message, answer)
        if not isinstance(answer, int):
            break
    return taken


def tidy(engine: Engine, *, batch: int = 1000, stop: Callable[[], bool] = lambda: False) -> None:
    """Give up what is older than a day, also where nobody has tried to send it, and forget what was done a week ago."""
    given_up = in_batches(engine, _GIVE_UP, {"age": GIVE_UP_AFTER}, batch, stop)
    if given_up:
        _log.warning("messages given up", count=given_up)
    in_batches(engine, _FORGET, {"age": FORGET_AFTER}, batch, stop)


def pause_after(attempts: int) -> int:
    """The seconds from a failed attempt to the next one: 10, doubling to an hour."""
    return min(FIRST_PAUSE << min(attempts - 1, 20), LONGEST_PAUSE)


def signature(secret: str, at: int, body: bytes) -> str:
    """The value of `Relink-Signature`: the time, and the HMAC-SHA256 of the time, a dot and the body."""
    signed = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


@dataclass(frozen=True)
class _Message:
    """A message that was claimed, with the number of this attempt."""

    message_id: str
    event: str
    body: dict[str, object]
    created_at: datetime
    attempts: int

    def document(self) -> bytes:
        """What is sent, the same each time."""
        fields = {"id": self.message_id, "event": self.event, "created": time_text(self.created_at), **self.body}
        return json.dumps(fields, separators=(",", ":")).encode()


def _claim(engine: Engine) -> _Message | None:
    with engine.begin() as connection:
        row = connection.execute(_CLAIM, {"lease": LEASE, "give_up_after": GIVE_UP_AFTER}).one_or_none()
    return None if row is None else _Message(*row)


def _record(engine: Engine, message: _Message, answer: int | str) -> bool:
    """Write down what came of an attempt; whether the message was taken."""
    if isinstance(answer, int) and 200 <= answer < 300:
        with engine.begin() as connection:
            connection.execute(_SENT, {"message": message.message_id})
        return True
    given = {
        "message": message.message_id,
        "attempts": message.attempts,
        "pause": pause_after(message.attempts),
        "give_up_after": GIVE_UP_AFTER,
    }
    with engine.begin() as connection:
        given_up = connection.execute(_NOT_SENT, given).scalar_one_or_none()
    _log.warning(
        "message given up" if given_up else "message not accepted",
        message_id=message.message_id,
        attempts=message.attempts,
        answer=answer,
    )
    return False


def _post(webhook: Webhook, body: bytes) -> int | str:
    """The status of the answer, or in a word why there is none. Goes to that URL alone: no proxy, no redirection."""
    url = urlsplit(webhook.url)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "relink",
        SIGNATURE_HEADER: signature(webhook.secret, int(time.time()), body),
    }
    with closing(_connection(url)) as connection:
        # The timeout of a connection is for each of its steps; a receiver that dribbles has no more time than others.
        deadline = Timer(TIMEOUT, _cut, (connection,))
        deadline.daemon = True
        deadline.start()
        try:
            connection.request("POST", f"{url.path or '/'}{'?' * bool(url.query)}{url.query}", body, headers)
            return connection.getresponse().status
        except (OSError, HTTPException, ValueError) as error:
            return type(error).__name__
        finally:
            deadline.cancel()


def _connection(url: SplitResult) -> HTTPConnection:
    made = HTTPSConnection if url.scheme == "https" else HTTPConnection
    return made(url.hostname or "", url.port, timeout=TIMEOUT)


def _cut(connection: HTTPConnection) -> None:
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)
