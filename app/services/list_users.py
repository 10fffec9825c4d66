"""ListUsers: list users in the order of their logon references, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.database.engine import snapshot
from app.identity.accounts import Account, read_accounts
from app.identity.sign_in import read_locked_until
from app.services.call import Call, CollapsedText, Service
from app.services.response import Fields, Group, ServiceResponse
from app.solutions.texts import time_text


@dataclass(frozen=True)
class ListUsersRequest:
    """The logon reference after which the page begins."""

    user_logon_reference_after: CollapsedText | None = None
    page_size: int = 100


def run(request: ListUsersRequest, call: Call) -> ServiceResponse:
    """Return a page, and the start of the next page if there are more users; 101 without administer-all."""
    after = request.user_logon_reference_after or ""
    with snapshot(call.engine) as connection:
        accounts = read_accounts(connection, call.caller, after=after, limit=request.page_size + 1)
        page = accounts[: request.page_size]
        locked = read_locked_until(connection, [account.logon_reference for account in page], call.settings)
    has_more = len(accounts) > len(page)
    users = Group("UserList", tuple(_user(account, locked.get(account.logon_reference)) for account in page))
    return ServiceResponse((users, Fields(("userLogonReferenceAfter", page[-1].logon_reference if has_more else None))))


def _user(account: Account, locked_until: datetime | None) -> Group:
    last = account.last_sign_in
    fields = Fields(
        ("userIdentifier", account.identifier),
        ("userLogonReference", account.logon_reference),
        ("userName", account.name),
        ("userEmailAddress", account.email),
        ("userEnabledIndicator", account.enabled),
        ("lastSignOnTimestamp", None if last is None else time_text(last)),
        ("lockedUntilTimestamp", None if locked_until is None else time_text(locked_until)),
    )
    return Group("User", (fields,))


SERVICE = Service("ListUsers", ListUsersRequest, run)
