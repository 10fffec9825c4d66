"""The list of users, and a new user. Users who are not administrators see only their own account."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, request

from app.console.forms import Form
from app.console.pages import page
from app.console.people.addresses import PEOPLE, user_url
from app.console.responses import see_other
from app.console.visitor import caller, session
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.errors import UserError
from app.identity.accounts import read_accounts
from app.identity.sign_in import read_locked_until
from app.identity.users import create_user
from app.text import collapsed
from app.web.context import resources

blueprint = Blueprint("people", __name__)

_PAGE = 50


@blueprint.get("/people")
@short_statements()
def people() -> Response:
    """Show users in the order of their logon references."""
    if not caller().administers_all:
        return see_other(user_url(session().logon_reference))
    return _page(Form())


@blueprint.post("/people")
@short_statements()
def add() -> Response:
    """Create a user."""
    logon = collapsed(request.form.get("user_logon_reference_create", ""))
    try:
        with resources().engine.begin() as connection:
            create_user(
                connection,
                caller(),
                logon,
                request.form.get("password_create", ""),
                collapsed(request.form.get("user_name", "")),
                collapsed(request.form.get("user_email_address", "")),
            )
    except UserError as error:
        return _page(Form.sent().refused(error), status=422)
    return see_other(user_url(logon, done="added"))


def _page(form: Form, *, status: int = 200) -> Response:
    after = request.args.get("after", "")
    with snapshot(resources().engine) as connection:
        found = read_accounts(connection, caller(), after=after, limit=_PAGE + 1)
        shown = found[:_PAGE]
        logons = [account.logon_reference for account in shown]
        locked = read_locked_until(connection, logons, resources().settings)
    more = len(found) > len(shown)
    return page(
        "people/list.html",
        "People",
        section="People",
        accounts=shown,
        locked=locked,
        form=form,
        following=f"{PEOPLE}?{urlencode({'after': logons[-1]})}" if more else "",
        first=PEOPLE if after else "",
        status=status,
    )
