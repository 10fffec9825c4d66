"""The current rights of a caller, for work that continues long after its request was signed in."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.errors import NotAuthorisedError
from app.identity.right import ADMINISTER_ALL, ADMINISTER_SOLUTIONS, GLOBAL_PERMISSIONS
from app.identity.rights import Caller
from app.identity.users import PUBLIC_GROUP

_ADMINISTRATORS_LOCK = 0x52454C4D
_LOCK_ADMINISTRATORS = text("SELECT pg_advisory_xact_lock(:key)")
_HOLD = text("SELECT FROM account WHERE user_identifier = :user AND enabled FOR SHARE")
_DISABLED = "the account has been disabled since the request was signed in"
_READ = text(sql_file("app.identity", "current_rights"))


def lock_administrators(connection: Connection, caller: Caller) -> Caller:
    """Lock the rights of administrators until this transaction ends, and return the caller with their current rights.

    A transaction that disables an account or deletes a permission calls this first. The caller then still has
    administer-all and cannot take it from themselves, so an administrator always remains.

    Raises NotAuthorisedError (101) as `read_again` does.
    """
    connection.execute(_LOCK_ADMINISTRATORS, {"key": _ADMINISTRATORS_LOCK})
    return read_again(connection, caller)


def hold_account(connection: Connection, caller: Caller) -> None:
    """Keep the account of a caller from being disabled before this transaction ends.

    The work of a user is then committed before the account is disabled, or not at all. Raises NotAuthorisedError (101)
    if the account was disabled or removed since the request was signed in.
    """
    if caller.user_identifier is not None:
        account = connection.execute(_HOLD, {"user": caller.user_identifier})
        if account.one_or_none() is None:
            raise NotAuthorisedError(_DISABLED)


def read_again(connection: Connection, caller: Caller) -> Caller:
    """Read the groups and the global permissions of a caller again.

    Raises NotAuthorisedError (101) if the account was disabled or removed since. The groups of a caller who has
    not signed in never change.
    """
    if caller.user_identifier is None:
        return caller
    values = {
        "user": caller.user_identifier,
        "public": PUBLIC_GROUP,
        "global_permissions": list(GLOBAL_PERMISSIONS),
    }
    row = connection.execute(_READ, values).one_or_none()
    if row is None:
        raise NotAuthorisedError(_DISABLED)
    permissions = row.global_permissions
    return replace(
        caller,
        groups=tuple(sorted(set(row.group_identifiers))),
        administers_all=ADMINISTER_ALL in permissions,
        administers_solutions=ADMINISTER_SOLUTIONS in permissions,
    )
