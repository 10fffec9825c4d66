"""Telling people outside: messages are written with what they tell of, and sent by workers until they are taken.

"Notify the end users of these instances to run the config wizard" (Updating vs Upgrading). A message is written in the
transaction of the publication or the upgrade that it tells of, so there is one exactly if that has happened, and
nobody waits for a receiver. Sending is at least once: a worker that dies between a receiver's answer and its own
commit leaves the message to be sent again, with the same `id`.
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
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import accumulate, count, takewhile
from threading import Timer
from typing import Final
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

import structlog
from sqlalchemy import Connection, Engine, text

from app.settings import Settings

NEEDS_USER_INPUT: Final = "instance.needs_user_input"
SIGNATURE_HEADER: Final = "Relink-Signature"
TIMEOUT: Final = 10.0
FIRST_PAUSE: Final = 10
LONGEST_PAUSE: Final = 3600
GIVE_UP_AFTER: Final = 24 * 3600

_log = structlog.get_logger("relink.outbox")

_ANNOUNCE = text("""
    INSERT INTO outbox (event, body)
    SELECT :event, jsonb_build_object(
             'solutionId', i.solution_identifier, 'releaseNumber', CAST(:release AS integer),
             'solutionInstanceId', i.instance_identifier, 'owner', i.owner)
    FROM solution_instance i
    WHERE i.solution_identifier = :solution AND i.instance_identifier = ANY (CAST(:instances AS uuid[]))
""")
_NEXT = text("""
    SELECT message_identifier, event, body, attempts FROM outbox
    WHERE sent_at IS NULL AND given_up_at IS NULL AND due_at <= now()
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
""")
_SENT = text("""
    UPDATE outbox SET attempts = attempts + 1, sent_at = clock_timestamp() WHERE message_identifier = :message
""")
_NOT_SENT = text("""
    UPDATE outbox
    SET attempts = attempts + 1, due_at = clock_timestamp() + make_interval(secs => :pause),
        given_up_at = CASE WHEN :give_up THEN clock_timestamp() END
    WHERE message_identifier = :message
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


def send_due(engine: Engine, webhook: Webhook, *, most: int, stop: Callable[[], bool] = lambda: False) -> int:
    """Send messages that are due, `most` of them at most, and answer how many were taken by the receiver.

    Any number of workers may do so at once: each message is locked while it is sent. A receiver that does not answer
    at all is not asked again before the next call.
    """
    sent = 0
    for _ in range(most):
        if stop():
            break
        with engine.begin() as connection:
            answered = _send_next(connection, webhook)
        if answered is None:
            break
        sent += answered
    return sent


def pause_after(attempts: int) -> int:
    """The seconds from a failed attempt to the next one: 10, doubling to an hour."""
    return min(FIRST_PAUSE << min(attempts - 1, 20), LONGEST_PAUSE)


MOST_ATTEMPTS: Final = 1 + sum(
    1 for _ in takewhile(lambda passed: passed <= GIVE_UP_AFTER, accumulate(map(pause_after, count(1))))
)
"""After how many attempts a message is given up: the last one is within a day of the first."""


def signature(secret: str, at: int, body: bytes) -> str:
    """The value of `Relink-Signature`: the time, and the HMAC-SHA256 of the time, a dot and the body."""
    signed = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def _send_next(connection: Connection, webhook: Webhook) -> bool | None:
    """Whether the next message that is due was taken; None where there is none, or no answer came."""
    message = connection.execute(_NEXT).one_or_none()
    if message is None:
        return None
    document = {"id": str(message.message_identifier), "event": message.event, **message.body}
    answer = _post(webhook, json.dumps(document, separators=(",", ":")).encode())
    taken = isinstance(answer, int) and 200 <= answer < 300
    if taken:
        connection.execute(_SENT, {"message": message.message_identifier})
        return True
    attempts = message.attempts + 1
    given_up = attempts >= MOST_ATTEMPTS
    connection.execute(
        _NOT_SENT,
        {"message": message.message_identifier, "pause": pause_after(attempts), "give_up": given_up},
    )
    _log.warning(
        "message given up" if given_up else "message not taken",
        message_id=str(message.message_identifier),
        attempts=attempts,
        answer=answer,
    )
    return False if isinstance(answer, int) else None


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
