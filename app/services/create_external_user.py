"""CreateExternalUser: create an end user, who can have instances."""

from __future__ import annotations

from dataclasses import dataclass

from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import Fields, ServiceResponse
from app.solutions.people.external_users import create_external_user


@dataclass(frozen=True)
class CreateExternalUserRequest:
    """The name of the user, and the user's id in the partner's system."""

    name: str | None = None
    external_user_id: CollapsedText | None = None


def run(request: CreateExternalUserRequest, call: Call) -> ServiceResponse:
    """Return the new user's id; 105 if a field is missing or the external id is taken."""
    require_solutions(call.caller)
    with call.engine.begin() as connection:
        user = create_external_user(connection, request.name, request.external_user_id)
    return ServiceResponse((Fields(("userId", user)),))


SERVICE = Service("CreateExternalUser", CreateExternalUserRequest, run)
