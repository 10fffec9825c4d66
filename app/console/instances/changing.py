"""What the page of an instance does: enable, hold, upgrade, and a link to the wizard of its user."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.console.forms import Form, given_values
from app.console.instances.addresses import found_instance, instance_url
from app.console.instances.showing import AUTH_FIELD, CONFIG_FIELD, show
from app.console.responses import see_other
from app.console.visitor import caller
from app.database.connection import short_statements
from app.errors import Fault, UserError
from app.identity.rights import require_solutions
from app.solutions.instances.changing import update_instance, upgrade_instance
from app.solutions.instances.wizard_codes import create_wizard_code
from app.web.context import limits, resources

blueprint = Blueprint("instance_changes", __name__)


@blueprint.post("/instances/<instance_id>/enabled")
@short_statements()
def enable(instance_id: str) -> Response:
    """Enable an instance, unless a slot lacks a value, or disable it."""
    enabled = request.form.get("enabled") == "true"

    def change(connection: Connection) -> None:
        update_instance(
            connection, instance_id, enabled=enabled, error_on_enabling_with_missing_values=True, limits=limits()
        )

    return _changed(instance_id, change, "enabled" if enabled else "disabled")


@blueprint.post("/instances/<instance_id>/hold")
@short_statements()
def hold(instance_id: str) -> Response:
    """Put an instance on hold, so that it does not move to another release, or release the hold."""
    held = request.form.get("held") == "true"

    def change(connection: Connection) -> None:
        update_instance(connection, instance_id, held=held, limits=limits())

    return _changed(instance_id, change, "held" if held else "released")


@blueprint.post("/instances/<instance_id>/upgrade")
@short_statements()
def upgrade(instance_id: str) -> Response:
    """Move an instance to the latest release, or store values for hidden slots if it is there. Slots that still lack a
    value are pending then."""
    require_solutions(caller())
    sent = Form(request.form.to_dict())
    config_values, auth_values = given_values(CONFIG_FIELD), given_values(AUTH_FIELD)
    if request.form.get("do") == "values" and not (config_values or auth_values):
        return show(instance_id, form=Form(sent.values, {}, ("Nothing was stored: give a value.",)), status=422)

    def field_of(fault: Fault) -> str:
        match fault.path:
            case ("config_values", int(position), *_):
                return CONFIG_FIELD + list(config_values)[position]
            case ("auth_values", int(position), *_):
                return AUTH_FIELD + list(auth_values)[position]
            case _:
                return fault.field

    try:
        with resources().engine.begin() as connection:
            found_instance(connection, instance_id)
            upgrade_instance(connection, instance_id, config_values, auth_values, limits=limits())
    except UserError as error:
        return show(instance_id, form=sent.refused(error, field_of), status=422)
    return see_other(instance_url(instance_id, done="values" if config_values or auth_values else "upgraded"))


@blueprint.post("/instances/<instance_id>/wizard")
@short_statements()
def wizard(instance_id: str) -> Response:
    """Make a link to the wizard. It is shown once, because the code in it is not stored."""
    require_solutions(caller())
    with resources().engine.begin() as connection:
        found_instance(connection, instance_id)
        path = create_wizard_code(connection, None, instance_id).path or ""
    return show(instance_id, wizard=f"{request.host_url.rstrip('/')}{path}")


def _changed(instance_id: str, change: Callable[[Connection], None], done: str) -> Response:
    """Change an instance, and return to its page."""
    require_solutions(caller())
    try:
        with resources().engine.begin() as connection:
            change(connection)
    except UserError as error:
        return show(instance_id, refused=error, status=409)
    return see_other(instance_url(instance_id, done=done))
