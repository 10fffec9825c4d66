"""What the page of a user does: disable, enable, unlock, and a new password."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, request

from app.console.forms import Form
from app.console.pages import page
from app.console.people.addresses import user_url
from app.console.people.showing import show
from app.console.responses import see_other
from app.console.urls import SIGN_IN
from app.console.visitor import caller, session
from app.database.connection import short_statements
from app.errors import UserError
from app.identity.accounts import StatusAction, change_status, confirm_and_change_password
from app.runs.record import cancel_those_of_disabled_users
from app.web.context import resources

blueprint = Blueprint("people_changes", __name__)


@blueprint.post("/people/<logon>/status")
@short_statements()
def status(logon: str) -> Response:
    """Disable, enable or unlock a user."""
    given = request.form.get("action", "")
    action = StatusAction(given) if given in list(StatusAction) else None
    try:
        with resources().engine.begin() as connection:
            change_status(connection, caller(), None, logon, action)
            if action is StatusAction.DISABLE:
                cancel_those_of_disabled_users(connection)
    except UserError as error:
        return show(logon, Form().refused(error), status=422)
    return see_other(user_url(logon, done=given))


@blueprint.post("/people/<logon>/password")
@short_statements()
def password(logon: str) -> Response:
    """Give a user a new password. All sessions of the user end, also that of the visitor."""
    is_own = logon == session().logon_reference
    old, new = request.form.get("old_password", ""), request.form.get("new_password", "")
    confirm = partial(resources().sign_in.confirm, caller())
    try:
        confirm_and_change_password(resources().engine, caller(), logon, old, new, confirm)
    except UserError as error:
        return show(logon, Form.sent().refused(error), status=422)
    if is_own:
        return page("people/changed.html", "Your password is changed", sign_in=SIGN_IN)
    return see_other(user_url(logon, done="password"))
