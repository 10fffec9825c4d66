"""UpdateUserStatus: disable, enable or unlock a user."""

from __future__ import annotations

from dataclasses import dataclass

from app.identity.accounts import StatusAction, change_status
from app.runs.record import cancel_those_of_disabled_users
from app.services.call import Call, CollapsedText, Service
from app.services.response import ServiceResponse


@dataclass(frozen=True)
class UpdateUserStatusRequest:
    """A user by identifier, which takes precedence, or logon reference."""

    user_identifier_update: int | None = None
    user_logon_reference_update: CollapsedText | None = None
    action: StatusAction | None = None


def run(request: UpdateUserStatusRequest, call: Call) -> ServiceResponse:
    """Change the status, and cancel the runs of a user who is disabled.

    Raises like `app.identity.accounts.change_status`.
    """
    with call.engine.begin() as connection:
        change_status(
            connection,
            call.caller,
            request.user_identifier_update,
            request.user_logon_reference_update,
            request.action,
        )
        if request.action is StatusAction.DISABLE:
            cancel_those_of_disabled_users(connection)
    return ServiceResponse()


SERVICE = Service("UpdateUserStatus", UpdateUserStatusRequest, run)
