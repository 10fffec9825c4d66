"""UpdatePassword: give a user a new password."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.identity.accounts import confirm_and_change_password
from app.services.call import Call, CollapsedText, Service
from app.services.response import ServiceResponse


@dataclass(frozen=True)
class UpdatePasswordRequest:
    """The user whose password changes (the caller if no logon reference is given), and the old and the new password."""

    user_logon_reference_update: CollapsedText | None = None
    old_password: str | None = field(default=None, repr=False)
    new_password: str | None = field(default=None, repr=False)


def run(request: UpdatePasswordRequest, call: Call) -> ServiceResponse:
    """Change the password; raises like `app.identity.accounts.change_password`, and as `app.identity.sign_in` if the
    caller has given too many wrong passwords."""
    confirm_and_change_password(
        call.engine,
        call.caller,
        request.user_logon_reference_update,
        request.old_password,
        request.new_password,
        call.confirm,
    )
    return ServiceResponse()


SERVICE = Service("UpdatePassword", UpdatePasswordRequest, run)
