"""Accounts as administrators see them: the list, enabling and disabling, unlocking, new passwords.

A change takes effect with the next request in every process: each request reads its account, and a remembered password
is remembered under the stored hash.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, Engine, text

from app.errors import NotAuthorisedError, UserError, invalid, missing, no_such, refuse
from app.identity import audit
from app.identity.audit import Action, Event
from app.identity.passwords import hash_password
from app.identity.present_rights import lock_administrators
from app.identity.right import ADMINISTER_ALL
from app.identity.rights import Caller, require_administrator
from app.identity.sessions import end_sessions
from app.identity.sign_in import unlock_account
from app.identity.users import USER_REFERENCE, password_faults

LOGON_FIELD: Final = "user_logon_reference_update"

_FIND = text("""
    SELECT user_identifier, user_logon_reference, password_hash, enabled FROM account
    WHERE user_identifier = CAST(:identifier AS bigint)
       OR CAST(:identifier AS bigint) IS NULL AND user_logon_reference = :logon
    FOR NO KEY UPDATE
""")
_ENABLE = text("UPDATE account SET enabled = :enabled WHERE user_identifier = :user AND enabled <> :enabled")
_SET_PASSWORD = text("UPDATE account SET password_hash = :hash WHERE user_identifier = :user")
_LIST = text("""
    SELECT a.user_identifier, a.user_logon_reference, a.user_name, a.user_email_address, a.enabled,
           (SELECT max(n.last_at) FROM sign_in_network n WHERE n.user_identifier = a.user_identifier)
    FROM account a
    WHERE a.user_logon_reference > :after
    ORDER BY a.user_logon_reference LIMIT :limit
""")


_ONE = text("""
    SELECT a.user_identifier, a.user_logon_reference, a.user_name, a.user_email_address, a.enabled,
           (SELECT max(n.last_at) FROM sign_in_network n WHERE n.user_identifier = a.user_identifier),
           ARRAY(
             SELECT g.user_group_reference FROM user_group_member m JOIN user_group g USING (user_group_identifier)
             WHERE m.user_identifier = a.user_identifier ORDER BY g.user_group_reference)
    FROM account a WHERE a.user_logon_reference = :logon
""")


class StatusAction(StrEnum):
    """The actions on an account. `unlock` forgets its failed sign-ins."""

    DISABLE = "disable"
    ENABLE = "enable"
    UNLOCK = "unlock"


@dataclass(frozen=True)
class Account:
    """A user as a list shows it."""

    identifier: int
    logon_reference: str
    name: str
    email: str | None
    enabled: bool
    last_sign_in: datetime | None


@dataclass(frozen=True)
class _Found:
    identifier: int
    logon_reference: str
    password_hash: str
    enabled: bool


def read_accounts(connection: Connection, caller: Caller, *, after: str = "", limit: int = 100) -> list[Account]:
    """Read users in the order of their logon references, from the one after `after`.

    Raises NotAuthorisedError (101) unless the caller has administer-all.
    """
    require_administrator(caller, "to list users")
    return [Account(*row) for row in connection.execute(_LIST, {"after": after, "limit": limit})]


def read_account(connection: Connection, caller: Caller, logon: str) -> tuple[Account, list[str]] | None:
    """Read a user and the references of the user's groups, or return None if there is no such user.

    Raises NotAuthorisedError (101) unless the caller has administer-all.
    """
    require_administrator(caller, "to see users")
    row = connection.execute(_ONE, {"logon": logon}).one_or_none()
    return None if row is None else (Account(*row[:-1]), list(row[-1]))


def change_status(
    connection: Connection, caller: Caller, identifier: int | None, logon: str | None, action: StatusAction | None
) -> None:
    """Disable, enable or unlock an account.

    Raises NotAuthorisedError (101) unless the caller has administer-all, and UserError (105) about `action` and
    `user_logon_reference_update`. Users cannot disable their own account, so that an administrator always remains.
    """
    require_administrator(caller, "to change the status of users")
    if action is None:
        raise UserError(missing("action", why=f"give one of {', '.join(StatusAction)}"))
    if action is StatusAction.DISABLE:
        require_administrator(lock_administrators(connection, caller), "to change the status of users")
    account = _find(connection, identifier, logon)
    if action is StatusAction.UNLOCK:
        unlock_account(connection, account.logon_reference)
        audit.record(connection, Event(Action.USER_UNLOCKED, "user", account.logon_reference))
        return
    enabled = action is StatusAction.ENABLE
    if not enabled and account.identifier == caller.user_identifier:
        raise UserError(
            invalid(
                LOGON_FIELD,
                f"{account.logon_reference} is your own account: another administrator can disable it",
                is_sentence=True,
            )
        )
    if connection.execute(_ENABLE, {"user": account.identifier, "enabled": enabled}).rowcount:
        changed = Action.USER_ENABLED if enabled else Action.USER_DISABLED
        audit.record(connection, Event(changed, "user", account.logon_reference))
    if not enabled:
        end_sessions(connection, account.identifier)


def confirm_and_change_password(
    engine: Engine,
    caller: Caller,
    logon: str | None,
    old_password: str | None,
    new_password: str | None,
    confirm: Callable[[str | None], str | None],
) -> None:
    """Change a password as `change_password` does, and check the old one of a caller without administer-all.

    `confirm` is `SignIn.confirm` for this caller. It is called only if nothing else is wrong, since a wrong old
    password counts as a failed sign-in. Raises what both functions raise.
    """
    confirmed = None
    if not caller.administers_all:
        with engine.connect() as connection:
            _check_change(connection, caller, logon, new_password)
        confirmed = confirm(old_password)
    with engine.begin() as connection:
        change_password(connection, caller, logon, new_password, old_password=old_password, confirmed=confirmed)


def change_password(
    connection: Connection,
    caller: Caller,
    logon: str | None,
    new_password: str | None,
    *,
    old_password: str | None = None,
    confirmed: str | None = None,
) -> None:
    """Give an account a new password, unlock it and end its sessions.

    Without a logon reference, it is the caller's own account.

    A caller with administer-all may change any password; other users may change their own, with the old password.
    `confirmed` is the stored hash of the old password as `SignIn.confirm` has returned it.
    Raises NotAuthorisedError (101), and UserError (105) about `user_logon_reference_update`, `old_password` and
    `new_password`.
    """
    account = _check_change(connection, caller, logon, new_password)
    if not caller.administers_all and account.password_hash != confirmed:
        raise UserError(
            invalid("old_password", "is not the current password") if old_password else missing("old_password")
        )
    values = {"user": account.identifier, "hash": hash_password(new_password or "")}
    connection.execute(_SET_PASSWORD, values)
    end_sessions(connection, account.identifier)
    unlock_account(connection, account.logon_reference)
    audit.record(connection, Event(Action.PASSWORD_CHANGED, "user", account.logon_reference))


def _check_change(connection: Connection, caller: Caller, logon: str | None, new_password: str | None) -> _Found:
    """Check all of a change but the old password. Returns the account, and locks it."""
    if not caller.is_signed_in:
        raise NotAuthorisedError("sign in to change a password")
    own = None if logon else caller.user_identifier
    account = _find(connection, own, logon) if caller.administers_all else _find_own(connection, caller, logon)
    refuse(password_faults("new_password", new_password or ""))
    return account


def _find(connection: Connection, identifier: int | None, logon: str | None) -> _Found:
    """Return an account by its identifier or, without one, by its logon reference, and lock it."""
    if not identifier and not logon:
        raise UserError(missing(LOGON_FIELD))
    wanted = logon if logon and USER_REFERENCE.fullmatch(logon) else None
    row = connection.execute(_FIND, {"identifier": identifier or None, "logon": wanted}).one_or_none()
    if row is None:
        if logon:
            raise UserError(no_such(LOGON_FIELD, "user", logon))
        raise UserError(no_such("user_identifier_update", "user", identifier))
    return _Found(*row)


def _find_own(connection: Connection, caller: Caller, logon: str | None) -> _Found:
    account = _find(connection, caller.user_identifier, None)
    if logon and logon != account.logon_reference:
        raise NotAuthorisedError(f"not authorised to change the password of {logon}: that needs {ADMINISTER_ALL}")
    return account
