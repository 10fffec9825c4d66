"""CreateToken: create a master token of the GraphQL interface."""

from __future__ import annotations

from dataclasses import dataclass

from app.services.call import Call, Service
from app.services.response import Fields, ServiceResponse
from app.solutions.people.tokens import create_token


@dataclass(frozen=True)
class CreateTokenRequest:
    """What the token is for."""

    token_name: str | None = None


def run(request: CreateTokenRequest, call: Call) -> ServiceResponse:
    """Return the token and its identifier; 101 without administer-all, 105 about the name."""
    with call.engine.begin() as connection:
        made = create_token(connection, call.caller, request.token_name or "", "token_name")
    return ServiceResponse((Fields(("tokenIdentifier", made.identifier), ("masterToken", made.token)),))


SERVICE = Service("CreateToken", CreateTokenRequest, run)
