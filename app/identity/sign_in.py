"""Who makes a request: from a user id and password to a Caller (design sections 2 and 9).

Guessing is made slow: failures are counted per account and per address in the database, for all processes, and
too many of them close the door for a while. Nothing tells whether an account exists or is enabled: neither the
answer, nor its time, nor what is counted.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from typing import Final

from sqlalchemy import Engine, text

from app.errors import NotAuthorisedError, RelinkError
from app.identity.passwords import PasswordVerifier
from app.identity.right import ADMINISTER_ALL, ADMINISTER_SOLUTIONS, GLOBAL_PERMISSIONS
from app.identity.rights import Caller
from app.identity.users import PUBLIC_GROUP, USER_REFERENCE
from app.settings import Settings

PUBLIC_CALLER: Final = Caller(None, (PUBLIC_GROUP,))
"""Whoever gives no credentials."""

_REFUSED = "the user id or password is not right"

_FORGET_OLD_EVERY = 50
_FORGET_OLD_AT_ONCE = 10_000
# Who has an IPv6 address commonly has all of its /64.
_IPV6_PREFIX = 64

# One row whether or not there is such an account. A disabled account is as good as none.
_LOOK_UP = text("""
    SELECT a.user_identifier, a.password_hash, held.group_identifiers,
           ARRAY(
             SELECT DISTINCT p.permission_type FROM permission p
             WHERE p.user_group_identifier = ANY (held.group_identifiers)
               AND p.permission_type = ANY (:global_permissions) AND p.node_identifier IS NULL
           ) AS global_permissions,
           EXISTS (SELECT FROM sign_in_failure WHERE kind = 'account' AND key = :account_key) AS has_failures,
           (
             SELECT max(ceil(extract(epoch FROM f.since - now()) + :period))::integer
             FROM (VALUES ('account', :account_key, :account_limit), ('address', :address_key, :address_limit))
               AS limits (kind, key, failures)
             JOIN sign_in_failure f ON f.kind = limits.kind AND f.key = limits.key AND f.failures >= limits.failures
             WHERE f.since > now() - make_interval(secs => :period)
           ) AS retry_after
    FROM (VALUES (1)) AS one
    LEFT JOIN account a ON a.user_logon_reference = :logon AND a.enabled
    LEFT JOIN LATERAL (
      SELECT ARRAY[:public, a.own_group_identifier] || ARRAY(
        SELECT m.user_group_identifier FROM user_group_member m WHERE m.user_identifier = a.user_identifier
      )
    ) AS held (group_identifiers) ON true
""")

# Failures wait for each other in one order, account before address, and old rows are locked last and without
# waiting (`old` needs all of `recorded`): no two of these statements can wait for each other.
_RECORD_FAILURE = text("""
    WITH recorded AS (
      INSERT INTO sign_in_failure AS f (kind, key, failures, since)
      VALUES ('account', :account_key, 1, now()), ('address', :address_key, 1, now())
      ON CONFLICT (kind, key) DO UPDATE
      SET failures = CASE WHEN f.since > now() - make_interval(secs => :period) THEN f.failures + 1 ELSE 1 END,
          since = CASE WHEN f.since > now() - make_interval(secs => :period) THEN f.since ELSE now() END
      RETURNING f.kind, f.key
    ), old AS (
      SELECT s.kind, s.key FROM sign_in_failure s
      WHERE :forget_old AND s.since <= now() - make_interval(secs => :period)
        AND NOT EXISTS (SELECT FROM recorded r WHERE r.kind = s.kind AND r.key = s.key)
      LIMIT :at_once FOR UPDATE SKIP LOCKED
    )
    DELETE FROM sign_in_failure s USING old WHERE s.kind = old.kind AND s.key = old.key
""")

_FORGET_ACCOUNT = text("DELETE FROM sign_in_failure WHERE kind = 'account' AND key = :account_key")


class TooManyFailuresError(RelinkError):
    """101, with status 429: too many failed sign-ins; the next is looked at after `retry_after` seconds."""

    number = 101

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many failed sign-ins: try again in {retry_after} seconds")
        self.retry_after = retry_after


@dataclass(frozen=True)
class Credentials:
    """A user id and password as given."""

    user_logon_reference: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class _Account:
    """What the database has on credentials; caller and hash are None where no enabled account has the user id."""

    caller: Caller | None
    stored_hash: str | None
    has_failures: bool
    retry_after: int | None


@dataclass(frozen=True)
class _Keys:
    """Under what failures are counted. Hashed: a user id may be a password typed in the wrong field."""

    account_key: bytes
    address_key: bytes


class SignIn:
    """Turns credentials into callers. One per process; safe to use from many threads."""

    def __init__(self, engine: Engine, settings: Settings, verifier: PasswordVerifier) -> None:
        self._engine = engine
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._settings = settings
        self._verifier = verifier
        self._failures = count()

    def caller(self, credentials: Credentials | None, address: str) -> Caller:
        """The caller with these credentials, from this network address; without any, the public caller.

        Raises NotAuthorisedError (101) where the credentials are not right, TooManyFailuresError where the account
        or the address has had its failures. A success that the verifier remembers passes even then, and costs
        one read. Attempts that run at the same moment may each have their password checked once.
        """
        if credentials is None:
            return PUBLIC_CALLER
        keys = _keys(credentials, address)
        account = self._look_up(credentials, keys)
        if not self._remembers(account, credentials):
            self._check(account, credentials, keys)
        if account.caller is None:
            raise NotAuthorisedError(_REFUSED)
        return account.caller

    def _look_up(self, credentials: Credentials, keys: _Keys) -> _Account:
        logon = credentials.user_logon_reference
        values = {
            "logon": logon if USER_REFERENCE.fullmatch(logon) else None,
            "account_key": keys.account_key,
            "account_limit": self._settings.sign_in_failures_per_account,
            "address_key": keys.address_key,
            "address_limit": self._settings.sign_in_failures_per_address,
            "period": self._settings.sign_in_failure_period,
            "global_permissions": list(GLOBAL_PERMISSIONS),
            "public": PUBLIC_GROUP,
        }
        with self._reading.connect() as connection:
            row = connection.execute(_LOOK_UP, values).one()
        if row.user_identifier is None:
            return _Account(None, None, row.has_failures, row.retry_after)
        groups = tuple(sorted(set(row.group_identifiers)))
        held = row.global_permissions
        caller = Caller(row.user_identifier, groups, ADMINISTER_ALL in held, ADMINISTER_SOLUTIONS in held)
        return _Account(caller, row.password_hash, row.has_failures, row.retry_after)

    def _remembers(self, account: _Account, credentials: Credentials) -> bool:
        return self._verifier.is_remembered(credentials.user_logon_reference, account.stored_hash, credentials.password)

    def _check(self, account: _Account, credentials: Credentials, keys: _Keys) -> None:
        """Check the password. No connection is held meanwhile: a hash takes long."""
        if account.retry_after is not None:
            raise TooManyFailuresError(account.retry_after)
        if not self._verifier.verify(credentials.user_logon_reference, account.stored_hash, credentials.password):
            self._record_failure(keys)
            raise NotAuthorisedError(_REFUSED)
        # A remembered success does not come here: else a busy client would keep clearing the count of whoever is
        # guessing its password.
        if account.has_failures:
            self._forget_failures(keys)

    def _record_failure(self, keys: _Keys) -> None:
        values = {
            "account_key": keys.account_key,
            "address_key": keys.address_key,
            "period": self._settings.sign_in_failure_period,
            "forget_old": next(self._failures) % _FORGET_OLD_EVERY == 0,
            "at_once": _FORGET_OLD_AT_ONCE,
        }
        with self._engine.begin() as connection:
            connection.execute(_RECORD_FAILURE, values)

    def _forget_failures(self, keys: _Keys) -> None:
        with self._engine.begin() as connection:
            connection.execute(_FORGET_ACCOUNT, {"account_key": keys.account_key})


def _keys(credentials: Credentials, address: str) -> _Keys:
    return _Keys(_digest(credentials.user_logon_reference), _digest(_network(address)))


def _digest(given: str) -> bytes:
    return sha256(given.encode("utf-8", "surrogatepass")).digest()


def _network(address: str) -> str:
    """What counts as one address: an IPv4 address, in whichever notation, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), _IPV6_PREFIX), strict=False))
