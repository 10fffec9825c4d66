"""The master tokens of the GraphQL interface: when each was made and last used, and taking one back."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.console.pages import page
from app.console.people.addresses import CRUMB, TOKENS
from app.console.responses import see_other
from app.console.visitor import caller
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.errors import UserError
from app.identity.right import ADMINISTER_ALL
from app.solutions.people.tokens import read_tokens, remove_tokens
from app.text import is_whole_number
from app.web.context import resources
from app.web.refusal import Forbidden, Refused

blueprint = Blueprint("tokens", __name__)


@blueprint.get("/tokens")
@short_statements()
def tokens() -> Response:
    """Show the master tokens, the oldest first."""
    _check()
    with snapshot(resources().engine) as connection:
        found = read_tokens(connection)
    done = request.args.get("done", "")
    return page("people/tokens.html", "Tokens", section="People", crumbs=(CRUMB,), tokens=found, done=done)


@blueprint.post("/tokens/revoke")
@short_statements()
def revoke() -> Response:
    """Remove a token, which every process refuses from then on."""
    _check()
    given = request.form.get("token", "")
    if not is_whole_number(given):
        raise Refused(400, "The form names no token.")
    try:
        with resources().engine.begin() as connection:
            remove_tokens(connection, given)
    except UserError:
        raise Refused(404, "There is no such token any more.") from None
    return see_other(f"{TOKENS}?done=revoked")


def _check() -> None:
    if not caller().administers_all:
        raise Forbidden(f"Only users with {ADMINISTER_ALL} see the tokens.")
