"""Sign-in: turns a user id and password into a Caller, and slows down guessing.

Failures are counted in the database, for all processes: per account and network together, and per network. When a
count reaches its limit, the sign-ins that it counts are refused for the rest of a period. A network from which the
account has signed in during the last 30 days is refused only for failures of this account from this network. So an
account cannot be locked out from elsewhere, and failures with other accounts do not lock out the users behind the same
address.

Neither a refusal, nor its time, nor the counts reveal whether an account exists or is enabled, with one exception:
while a network is locked, an account that has signed in from it lately is still checked, and any other account is
refused with 429. So a client that has failed from a network until it was locked can find out which accounts are used
from there. Without the exception, a single client behind the address of an office could lock out all users there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import count
from typing import Final

from sqlalchemy import Connection, Engine, text

from app.database.connection import short_statements
from app.database.engine import single_statements
from app.database.sql_files import sql_file
from app.errors import NotAuthorisedError, RelinkError
from app.identity import audit
from app.identity.actor import Actor, ActorKind, act_as, present_actor
from app.identity.audit import Action, Event
from app.identity.audit_room import AuditRoom
from app.identity.networks import network_of
from app.identity.passwords import PasswordVerifier
from app.identity.right import ADMINISTER_ALL, ADMINISTER_SOLUTIONS, GLOBAL_PERMISSIONS
from app.identity.rights import Caller
from app.identity.users import PUBLIC_GROUP, USER_REFERENCE
from app.settings import Settings
from app.text import counted

PUBLIC_CALLER: Final = Caller(None, (PUBLIC_GROUP,))
"""The caller of a request without credentials."""

KNOWN_NETWORK_DAYS: Final = 30
"""A network is known for a user for this many days after a sign-in."""

_REFUSED = "the user id or password is not right"

_FORGET_OLD_EVERY = 50
_FORGET_OLD_AT_ONCE = 10_000
_NOTED_EVERY = 6 * 3600
"""A sign-in is recorded only if the last recorded one from the same network is at least this many seconds old."""
_WHOLE_NETWORK = b""

_RECORD_FAILURE = audit.statement(sql_file("app.identity", "record_failed_sign_in"))

_NOTE_SIGN_IN = audit.statement(sql_file("app.identity", "note_sign_in"))

_LOCKED_UNTIL = text("""
    SELECT account, max(since) + make_interval(secs => :period) FROM sign_in_failure
    WHERE account = ANY (:accounts) AND failures >= :limit AND since > now() - make_interval(secs => :period)
    GROUP BY account
""")
_LOGON = text("SELECT user_logon_reference FROM account WHERE user_identifier = :user")
_FORGET_FAILURES = text("DELETE FROM sign_in_failure WHERE network = :network AND account = :account")
_UNLOCK_ACCOUNT = text("DELETE FROM sign_in_failure WHERE account = :account")
# Rows are locked in the order of _RECORD_FAILURE: first those of accounts, then that of the whole network, whose
# account is empty.
_UNLOCK_NETWORK = text("""
    WITH locked AS MATERIALIZED (
      SELECT network, account FROM sign_in_failure WHERE network = :network ORDER BY account DESC FOR UPDATE
    )
    DELETE FROM sign_in_failure s USING locked l
    WHERE s.network = l.network AND s.account = l.account
""")
_FORGET_NETWORKS = text("DELETE FROM sign_in_network WHERE last_at < now() - make_interval(days => :days)")


class TooManyFailuresError(RelinkError):
    """101, with status 429: too many failed sign-ins. The client may retry after `retry_after` seconds."""

    number = 101

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many failed sign-ins: try again in {counted(retry_after, 'second')}")
        self.retry_after = retry_after


@dataclass(frozen=True)
class Credentials:
    """A user id and password as the client sent them."""

    user_logon_reference: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class SignedIn:
    """A user whose password has been checked, and the stored hash that it was checked against."""

    caller: Caller
    stored_hash: str = field(repr=False)


@dataclass(frozen=True)
class _Account:
    """The record of an account; caller and hash are None if no enabled account has the user id."""

    caller: Caller | None
    stored_hash: str | None
    has_failures: bool = False
    is_noted: bool = True
    retry_after: int | None = None


@dataclass(frozen=True)
class _Keys:
    """The keys under which failures are counted."""

    account: bytes
    network: bytes

    def parameters(self) -> dict[str, object]:
        """Return the parameters that all statements about failures take."""
        return {"account": self.account, "network": self.network}


class SignIn:
    """Turns credentials into callers. One per process; safe to use from many threads."""

    def __init__(
        self, engine: Engine, settings: Settings, verifier: PasswordVerifier, room: AuditRoom | None = None
    ) -> None:
        self._engine = engine
        self._room = room or AuditRoom()
        self._settings = settings
        self._verifier = verifier
        self._failures = count()

    def caller(self, credentials: Credentials | None, address: str) -> Caller:
        """Return the caller with these credentials, from this network address; without credentials, the public caller.

        The caller becomes the current actor. Raises NotAuthorisedError (101) if the credentials are not right, and
        TooManyFailuresError if the account or the network is locked. Credentials that the verifier remembers are
        accepted even then, and cost one read. Attempts that run at the same moment may each have their password
        checked once.
        """
        act_as(Actor(ActorKind.PUBLIC, address=address or None))
        if credentials is None:
            return PUBLIC_CALLER
        return self.signed_in(credentials, address).caller

    def signed_in(self, credentials: Credentials, address: str) -> SignedIn:
        """Return the user with these credentials, who becomes the current actor. Raises what `caller` raises."""
        act_as(Actor(ActorKind.PUBLIC, address=address or None))
        with short_statements():
            return self._signed_in(credentials, address)

    def confirm(self, caller: Caller, password: str | None) -> str | None:
        """Check the password of a caller again, and return the stored hash that it belongs to, or None if it is wrong.

        A wrong password counts as a failed sign-in from the address of the current actor, so that a stolen session
        cannot be used to guess it. Raises TooManyFailuresError if the account or the network is locked, even if the
        verifier remembers the password.
        """
        if caller.user_identifier is None or not password:
            return None
        with short_statements():
            with self._engine.connect() as connection:
                logon: str = connection.execute(_LOGON, {"user": caller.user_identifier}).scalar_one()
            credentials = Credentials(logon, password)
            keys = _Keys(_digest(logon), _digest(network_of(present_actor().address or "")))
            account = self._look_up(credentials, keys)
            if account.retry_after is not None:
                raise TooManyFailuresError(account.retry_after)
            if self._verifier.verify(logon, account.stored_hash, password):
                return account.stored_hash
            self._record_failure(credentials, keys)
            return None

    def _signed_in(self, credentials: Credentials, address: str) -> SignedIn:
        keys = _Keys(_digest(credentials.user_logon_reference), _digest(network_of(address)))
        account = self._look_up(credentials, keys)
        if not self._remembers(account, credentials):
            self._check(account, credentials, keys)
        if account.caller is None or account.stored_hash is None:
            raise NotAuthorisedError(_REFUSED)
        act_as(Actor(ActorKind.USER, account.caller.user_identifier, address=address or None))
        if not account.is_noted:
            self._note_sign_in(account.caller, keys)
        return SignedIn(account.caller, account.stored_hash)

    def _look_up(self, credentials: Credentials, keys: _Keys) -> _Account:
        values = {
            **keys.parameters(),
            "logon": _logon(credentials),
            "account_limit": self._settings.sign_in_failures_per_account,
            "network_limit": self._settings.sign_in_failures_per_address,
            "whole_network": _WHOLE_NETWORK,
            "period": self._settings.sign_in_failure_period,
            "noted_every": _NOTED_EVERY,
            "known_days": KNOWN_NETWORK_DAYS,
            "global_permissions": list(GLOBAL_PERMISSIONS),
            "public": PUBLIC_GROUP,
        }
        look_up = sql_file("app.identity", "account_at_sign_in")
        with single_statements(self._engine) as driver:
            (row,) = driver.execute(look_up, values, prepare=True)
        user, stored_hash, group_identifiers, permissions, has_failures, is_noted, retry_after = row
        if user is None:
            return _Account(None, None, retry_after=retry_after)
        groups = tuple(sorted(set(group_identifiers)))
        caller = Caller(user, groups, ADMINISTER_ALL in permissions, ADMINISTER_SOLUTIONS in permissions)
        return _Account(caller, stored_hash, has_failures, is_noted, retry_after)

    def _remembers(self, account: _Account, credentials: Credentials) -> bool:
        return self._verifier.is_remembered(credentials.user_logon_reference, account.stored_hash, credentials.password)

    def _check(self, account: _Account, credentials: Credentials, keys: _Keys) -> None:
        """Check the password. No connection is held meanwhile, because a hash takes long."""
        if account.retry_after is not None:
            raise TooManyFailuresError(account.retry_after)
        if not self._verifier.verify(credentials.user_logon_reference, account.stored_hash, credentials.password):
            self._record_failure(credentials, keys)
            raise NotAuthorisedError(_REFUSED)
        # A remembered success does not get here. Otherwise a busy client would keep clearing the count of an attacker
        # who guesses its password.
        if account.has_failures:
            self._forget_failures(keys)

    def _record_failure(self, credentials: Credentials, keys: _Keys) -> None:
        """Count a failure, and record it as far as the audit has room for clients that have not signed in."""
        refused = Event(Action.SIGN_IN_REFUSED, "user")
        values = {
            **keys.parameters(),
            **audit.parameters(refused),
            "logon": _logon(credentials),
            "whole_network": _WHOLE_NETWORK,
            "account_limit": self._settings.sign_in_failures_per_account,
            "network_limit": self._settings.sign_in_failures_per_address,
            "period": self._settings.sign_in_failure_period,
            "forget_old": next(self._failures) % _FORGET_OLD_EVERY == 0,
            "at_once": _FORGET_OLD_AT_ONCE,
            "has_room": self._room.take(present_actor().address or ""),
        }
        with self._engine.begin() as connection:
            row = connection.execute(_RECORD_FAILURE, values).one()
            details = {} if row.locked is None else {"locked": row.locked}
            audit.log_on_commit(connection, Event(refused.action, "user", row.object_name, details))

    def _forget_failures(self, keys: _Keys) -> None:
        with self._engine.begin() as connection:
            connection.execute(_FORGET_FAILURES, {"account": keys.account, "network": keys.network})

    def _note_sign_in(self, caller: Caller, keys: _Keys) -> None:
        """Record the sign-in, so that the network is known from now on."""
        signed_in = Event(Action.SIGN_IN)
        values = {**keys.parameters(), **audit.parameters(signed_in)}
        values |= {"user": caller.user_identifier, "noted_every": _NOTED_EVERY}
        with self._engine.begin() as connection:
            if connection.execute(_NOTE_SIGN_IN, values).rowcount:
                audit.log_on_commit(connection, signed_in)


def read_locked_until(connection: Connection, logons: Sequence[str], settings: Settings) -> dict[str, datetime]:
    """Return until when accounts are locked, from the network that is locked longest, for those that are locked."""
    by_digest = {_digest(logon): logon for logon in logons}
    values = {
        "accounts": list(by_digest),
        "limit": settings.sign_in_failures_per_account,
        "period": settings.sign_in_failure_period,
    }
    return {by_digest[bytes(account)]: until for account, until in connection.execute(_LOCKED_UNTIL, values)}


def unlock_account(connection: Connection, logon_reference: str) -> None:
    """Forget the failed sign-ins of an account, from all networks."""
    connection.execute(_UNLOCK_ACCOUNT, {"account": _digest(logon_reference)})


def unlock_network(connection: Connection, address: str) -> None:
    """Forget the failed sign-ins from the network of an address, with all accounts."""
    connection.execute(_UNLOCK_NETWORK, {"network": _digest(network_of(address))})
    audit.record(connection, Event(Action.NETWORK_UNLOCKED, "network", network_of(address)))


def forget_networks(engine: Engine) -> None:
    """Delete the networks from which no user has signed in for a long time."""
    with engine.begin() as connection:
        connection.execute(_FORGET_NETWORKS, {"days": KNOWN_NETWORK_DAYS})


def _logon(credentials: Credentials) -> str | None:
    logon = credentials.user_logon_reference
    return logon if USER_REFERENCE.fullmatch(logon) else None


def _digest(given: str) -> bytes:
    return sha256(given.encode("utf-8", "surrogatepass")).digest()
