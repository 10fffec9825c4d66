"""RemoveExternalUser: remove an end user, with all its instances and authentications."""

from __future__ import annotations

from dataclasses import dataclass

from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import ServiceResponse
from app.solutions.people.external_users import remove_external_user


@dataclass(frozen=True)
class RemoveExternalUserRequest:
    """An end user, by the id that CreateExternalUser returned."""

    user_id: CollapsedText | None = None


def run(request: RemoveExternalUserRequest, call: Call) -> ServiceResponse:
    """Remove the user; 105 if the user is not found."""
    require_solutions(call.caller)
    with call.engine.begin() as connection:
        remove_external_user(connection, request.user_id or "")
    return ServiceResponse()


SERVICE = Service("RemoveExternalUser", RemoveExternalUserRequest, run)
