"""RemoveToken: remove a token of the GraphQL interface."""

from __future__ import annotations

from dataclasses import dataclass

from app.errors import UserError, missing
from app.identity.rights import require_administrator
from app.services.call import Call, Service
from app.services.response import ServiceResponse
from app.solutions.people.tokens import remove_token

_FIELD = "token_identifier"


@dataclass(frozen=True)
class RemoveTokenRequest:
    """A token by its identifier."""

    token_identifier: int | None = None


def run(request: RemoveTokenRequest, call: Call) -> ServiceResponse:
    """Remove the token; 101 without administer-all, 105 if there is no such token."""
    require_administrator(call.caller, "to remove tokens")
    if not request.token_identifier:
        raise UserError(missing(_FIELD))
    with call.engine.begin() as connection:
        remove_token(connection, request.token_identifier, _FIELD)
    return ServiceResponse()


SERVICE = Service("RemoveToken", RemoveTokenRequest, run)
