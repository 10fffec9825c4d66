"""GenerateAuthorizationCode: create a code with which an end user's browser opens the configuration wizard once."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from app.errors import UserError, missing, not_found
from app.identity.rights import require_solutions
from app.services.answer import Answer, Fields
from app.services.call import Call, CollapsedText, Service
from app.solutions.instances.reading import InstanceRow, read_row
from app.solutions.people.tokens import create_authorization_code
from app.solutions.texts import identifier

# The name of the partner in the documented address may be any name.
_WIZARD = "/external/solutions/relink/configure/{instance}?code={code}"


@dataclass(frozen=True)
class GenerateAuthorizationCodeRequest:
    """An end user, or an instance of an end user, or both."""

    user_id: CollapsedText | None = None
    solution_instance_id: CollapsedText | None = None


def run(request: GenerateAuthorizationCodeRequest, call: Call) -> Answer:
    """Return the code and, for an instance, the path of its wizard; 105 if the user or the instance is not found, or if
    the instance belongs to another user."""
    require_solutions(call.caller)
    with call.engine.begin() as connection:
        instance = _instance(connection, request)
        user = request.user_id if instance is None else instance.owner
        if user is None:
            raise UserError(missing("user_id", "is missing: name an end user, or an instance of one"))
        code = create_authorization_code(connection, user)
    path = None if instance is None else _WIZARD.format(instance=instance.instance_id, code=code)
    return Answer((Fields(("authorizationCode", code), ("wizardPath", path)),))


def _instance(connection: Connection, request: GenerateAuthorizationCodeRequest) -> InstanceRow | None:
    """Return the instance in the request, which must belong to the user if the request names one."""
    if request.solution_instance_id is None:
        return None
    row = read_row(connection, request.solution_instance_id)
    if request.user_id is not None and identifier(request.user_id) != row.owner:
        raise UserError(not_found("solution_instance_id", "is not an instance of this user"))
    return row


SERVICE = Service("GenerateAuthorizationCode", GenerateAuthorizationCodeRequest, run)
