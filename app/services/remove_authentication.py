"""RemoveAuthentication: remove an authentication."""

from __future__ import annotations

from dataclasses import dataclass

from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import ServiceResponse
from app.solutions.people.authentications import remove_authentication


@dataclass(frozen=True)
class RemoveAuthenticationRequest:
    """An authentication."""

    authentication_id: CollapsedText | None = None


def run(request: RemoveAuthenticationRequest, call: Call) -> ServiceResponse:
    """Remove the authentication; faults as in `app.solutions.people.authentications.remove_authentication`."""
    require_solutions(call.caller)
    with call.engine.begin() as connection:
        remove_authentication(connection, request.authentication_id or "")
    return ServiceResponse()


SERVICE = Service("RemoveAuthentication", RemoveAuthenticationRequest, run)
