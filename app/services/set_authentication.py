"""SetAuthentication: make an authentication, or change one."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.services.answer import Answer, Fields
from app.services.call import Call, Service, Token
from app.services.solution_fields import require_solutions
from app.solutions.people.authentications import AuthenticationDraft, set_authentication


@dataclass(frozen=True)
class SetAuthenticationRequest:
    """An authentication, a new one where there is no id: an external user's, or without an owner the builder's."""

    authentication_id: Token | None = None
    owner: Token | None = None
    name: str | None = None
    service: Token | None = None
    service_version: Token | None = None
    service_environment: Token | None = None
    scope_list: tuple[Token, ...] | None = None
    data: str | None = field(default=None, repr=False)


def run(request: SetAuthenticationRequest, call: Call) -> Answer:
    """Answer the authentication's id; faults as in `app.solutions.people.authentications.set_authentication`."""
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
    )
    with call.engine.begin() as connection:
        authentication = set_authentication(connection, call.cipher, draft, call.limits)
    return Answer((Fields(("authenticationId", authentication)),))


SERVICE = Service("SetAuthentication", SetAuthenticationRequest, run)
