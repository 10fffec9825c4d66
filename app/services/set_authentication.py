"""SetAuthentication: create or change an authentication."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import Fields, ServiceResponse
from app.solutions.people.authentications import AuthenticationDraft, set_authentication


@dataclass(frozen=True)
class SetAuthenticationRequest:
    """An authentication, or a new one if no id is given. Without an owner, a new one belongs to the builder."""

    authentication_id: CollapsedText | None = None
    owner: CollapsedText | None = None
    name: str | None = None
    service: CollapsedText | None = None
    service_version: CollapsedText | None = None
    service_environment: CollapsedText | None = None
    scope_list: tuple[CollapsedText, ...] | None = None
    data: str | None = field(default=None, repr=False)
    expires: CollapsedText | None = None


def run(request: SetAuthenticationRequest, call: Call) -> ServiceResponse:
    """Return the authentication's id; faults as in `app.solutions.people.authentications.set_authentication`."""
    require_solutions(call.caller)
    draft = AuthenticationDraft(
        request.authentication_id,
        request.owner,
        request.name,
        request.service,
        request.service_version,
        request.service_environment,
        request.scope_list,
        request.data,
        expires=request.expires,
    )
    with call.engine.begin() as connection:
        authentication = set_authentication(connection, call.cipher, draft, call.limits)
    return ServiceResponse((Fields(("authenticationId", authentication)),))


SERVICE = Service("SetAuthentication", SetAuthenticationRequest, run)
