"""RemoveAuthentication: remove an authentication."""

from __future__ import annotations

from dataclasses import dataclass

from app.identity.rights import require_solutions
from app.services.answer import Answer
from app.services.call import Call, CollapsedText, Service
from app.solutions.people.authentications import remove_authentication


@dataclass(frozen=True)
class RemoveAuthenticationRequest:
    """An authentication."""

    authentication_id: CollapsedText | None = None


def run(request: RemoveAuthenticationRequest, call: Call) -> Answer:
    """Remove the authentication; faults as in `app.solutions.people.authentications.remove_authentication`."""
    require_solutions(call.caller)
    with call.engine.begin() as connection:
        remove_authentication(connection, request.authentication_id or "")
    return Answer()


SERVICE = Service("RemoveAuthentication", RemoveAuthenticationRequest, run)
