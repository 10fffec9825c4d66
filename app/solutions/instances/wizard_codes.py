"""Codes with which the browser of an end user opens the configuration wizard once."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from app.errors import UserError, missing, unresolved
from app.solutions.instances.reading import InstanceRow, read_row
from app.solutions.people.tokens import create_authorization_code
from app.solutions.texts import identifier

# The name of the partner in the documented address may be any name.
_PATH = "/external/solutions/relink/configure/{instance}?code={code}"


@dataclass(frozen=True)
class WizardCode:
    """A code and, for an instance, the path of its wizard."""

    code: str
    path: str | None


def create_wizard_code(connection: Connection, user_id: str | None, instance_id: str | None) -> WizardCode:
    """Create a code for an end user, or for an instance of an end user.

    Raises UserError about `user_id` and `solution_instance_id`, also if the instance belongs to another user.
    """
    instance = None if instance_id is None else _instance(connection, user_id, instance_id)
    user = user_id if instance is None else instance.owner
    if user is None:
        raise UserError(missing("user_id", why="name an end user, or an instance of one"))
    code = create_authorization_code(connection, user)
    return WizardCode(code, None if instance is None else _PATH.format(instance=instance.instance_id, code=code))


def _instance(connection: Connection, user_id: str | None, instance_id: str) -> InstanceRow:
    row = read_row(connection, instance_id)
    if user_id is not None and identifier(user_id) != row.owner:
        raise UserError(unresolved("solution_instance_id", "is not an instance of this user"))
    return row
