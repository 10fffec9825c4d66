"""GenerateAuthorizationCode: create a code with which an end user's browser opens the configuration wizard once."""

from __future__ import annotations

from dataclasses import dataclass

from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import Fields, ServiceResponse
from app.solutions.instances.wizard_codes import create_wizard_code


@dataclass(frozen=True)
class GenerateAuthorizationCodeRequest:
    """An end user, or an instance of an end user, or both."""

    user_id: CollapsedText | None = None
    solution_instance_id: CollapsedText | None = None


def run(request: GenerateAuthorizationCodeRequest, call: Call) -> ServiceResponse:
    """Return the code and, for an instance, the path of its wizard; 105 if the user or the instance is not found, or if
    the instance belongs to another user."""
    require_solutions(call.caller)
    with call.engine.begin() as connection:
        made = create_wizard_code(connection, request.user_id, request.solution_instance_id)
    return ServiceResponse((Fields(("authorizationCode", made.code), ("wizardPath", made.path)),))


SERVICE = Service("GenerateAuthorizationCode", GenerateAuthorizationCodeRequest, run)
