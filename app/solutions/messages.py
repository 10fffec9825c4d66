"""Messages to the webhook: written together with the event, then sent by workers until the receiver accepts them.

"Notify the end users of these instances to run the config wizard" (Updating vs Upgrading). A message is written in the
transaction of the publication or upgrade that it reports, so it exists exactly if that happened, and no request waits
for a receiver. A worker claims a message for a limited time, sends it while no transaction is open, and records the
result. Delivery is at least once: if a worker dies before it records the result, the message is sent again with the
same `id` when the claim ends.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, Engine, text

from app.database.batches import in_batches
from app.database.sql_files import sql_file
from app.settings import Settings
from app.solutions.outgoing import post
from app.solutions.texts import time_text

NEEDS_USER_INPUT: Final = "instance.needs_user_input"
AUTHENTICATION_EXPIRES: Final = "authentication.expires"
EXPIRY_NOTICE: Final = 7 * 24 * 3600
"""An expiry is announced this many seconds ahead."""
SIGNATURE_HEADER: Final = "Relink-Signature"
TIMEOUT: Final = 10.0
LEASE: Final = 60
"""How many seconds a worker's claim on a message lasts: longer than it takes to look up a receiver and wait for its
response."""
FIRST_PAUSE: Final = 10
LONGEST_PAUSE: Final = 3600
GIVE_UP_AFTER: Final = 24 * 3600
FORGET_AFTER: Final = 7 * 24 * 3600
_BATCH = 1000
"""At most this many messages are written, given up or deleted in one transaction."""

_log = structlog.get_logger("relink.outbox")

_ANNOUNCE = text(sql_file("app.solutions", "announce_instances"))
_ANNOUNCE_EXPIRIES = text(sql_file("app.solutions", "announce_expiries"))
_UNDELIVERED = text("""
    SELECT count(*) FILTER (WHERE given_up_at IS NULL), min(created_at) FILTER (WHERE given_up_at IS NULL),
           count(*) FILTER (WHERE given_up_at IS NOT NULL)
    FROM outbox WHERE sent_at IS NULL
""")
_CLAIM = text(sql_file("app.solutions", "claim_message"))
# Another worker may have given the message up meanwhile.
_SENT = text("""
    UPDATE outbox SET sent_at = clock_timestamp(), given_up_at = NULL WHERE message_identifier = :message
""")
_NOT_SENT = text(sql_file("app.solutions", "put_off_message"))
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
    """The URL that messages are sent to, and the secret that signs them."""

    url: str
    secret: str = field(repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Webhook | None:
        """Return the webhook of the settings, or None if they name no webhook."""
        if settings.webhook_url is None or settings.webhook_secret is None:
            return None
        return cls(settings.webhook_url, settings.webhook_secret)


def announce(
    connection: Connection, solution_id: UUID | str, release_number: int, instance_ids: Collection[UUID | str]
) -> None:
    """Write a message for each of these instances of a solution: a release needs input of its end user.

    The commit waits for the disk, whatever the session's setting, so that the event is durable before it is sent.
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


def announce_expiries(engine: Engine, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Write a message for each authentication that expires within seven days, once for each expiry, and return how many
    were written. One whose expiry is already over is announced too, since no worker may have run meanwhile."""
    given = {"event": AUTHENTICATION_EXPIRES, "notice": EXPIRY_NOTICE}
    return in_batches(engine, _ANNOUNCE_EXPIRIES, given, _BATCH, stop)


def send_due(
    engine: Engine,
    webhook: Webhook,
    *,
    most: int,
    within: float = float("inf"),
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Send messages that are due, and return how many the receiver accepted.

    Sends at most `most` messages, and starts no further one after `within` seconds or when `stop` returns True. Any
    number of workers may call this at once. If the receiver does not respond at all, the rest waits for the next call.
    """
    until = time.monotonic() + within
    taken = 0
    for number in range(most):
        if stop() or (number > 0 and time.monotonic() >= until):
            break
        message = _claim(engine)
        if message is None:
            break
        response = _post(webhook, message.document())
        taken += _record(engine, message, response)
        if not isinstance(response, int):
            break
    return taken


@dataclass(frozen=True)
class Undelivered:
    """How many messages still have to be delivered, since when the oldest waits, and how many were given up."""

    waiting: int
    oldest: datetime | None
    given_up: int


def count_undelivered(connection: Connection) -> Undelivered:
    """Return how many messages have not been delivered."""
    return Undelivered(*connection.execute(_UNDELIVERED).one())


def tidy(engine: Engine, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Give up messages older than a day, even if no attempt was made, and delete those sent or given up a week ago."""
    given_up = in_batches(engine, _GIVE_UP, {"age": GIVE_UP_AFTER}, _BATCH, stop)
    if given_up:
        _log.warning("messages given up", count=given_up)
    in_batches(engine, _FORGET, {"age": FORGET_AFTER}, _BATCH, stop)


def pause_after(attempts: int) -> int:
    """Return the seconds from a failed attempt to the next one: 10 at first, doubling up to an hour."""
    return min(FIRST_PAUSE << min(attempts - 1, 20), LONGEST_PAUSE)


def signature(secret: str, at: int, body: bytes) -> str:
    """Return the value of `Relink-Signature`: the time, and the HMAC-SHA256 of the time, a dot and the body."""
    signed = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


@dataclass(frozen=True)
class _Message:
    """A message that this worker has claimed, with the number of this attempt."""

    message_id: str
    event: str
    body: dict[str, object]
    created_at: datetime
    attempts: int

    def document(self) -> bytes:
        """Return the body of the request, which is the same for each attempt."""
        fields = {"id": self.message_id, "event": self.event, "created": time_text(self.created_at), **self.body}
        return json.dumps(fields, separators=(",", ":")).encode()


def _claim(engine: Engine) -> _Message | None:
    with engine.begin() as connection:
        row = connection.execute(_CLAIM, {"lease": LEASE, "give_up_after": GIVE_UP_AFTER}).one_or_none()
    return None if row is None else _Message(*row)


def _record(engine: Engine, message: _Message, response: int | str) -> bool:
    """Record the result of an attempt, and return whether the receiver accepted the message."""
    if isinstance(response, int) and 200 <= response < 300:
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
        response=response,
    )
    return False


def _post(webhook: Webhook, body: bytes) -> int | str:
    """Return the status of the response, or the kind of the failure."""
    headers = {SIGNATURE_HEADER: signature(webhook.secret, int(time.time()), body)}
    response = post(webhook.url, body, headers, within=TIMEOUT)
    return response if isinstance(response, str) else response.status
