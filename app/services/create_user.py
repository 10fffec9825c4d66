"""CreateUser: create a user with a group of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.identity.users import create_user
from app.services.call import Call, CollapsedText, Service
from app.services.response import Fields, ServiceResponse


@dataclass(frozen=True)
class CreateUserRequest:
    """The user's name and credentials."""

    user_logon_reference_create: CollapsedText | None = None
    password_create: str | None = field(default=None, repr=False)
    user_name: str | None = None
    user_email_address: CollapsedText | None = None


def run(request: CreateUserRequest, call: Call) -> ServiceResponse:
    """Return the new user's identifier; 101 without administer-all, 105 with the invalid fields."""
    with call.engine.begin() as connection:
        user = create_user(
            connection,
            call.caller,
            request.user_logon_reference_create,
            request.password_create,
            request.user_name,
            request.user_email_address,
        )
    fields = Fields(("userIdentifier", user), ("userLogonReference", request.user_logon_reference_create))
    return ServiceResponse((fields,))


SERVICE = Service("CreateUser", CreateUserRequest, run)
