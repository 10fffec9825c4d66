"""The master tokens of the GraphQL interface: when each was made and last used, a new one, and taking one back."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.console.forms import Form
from app.console.pages import page
from app.console.people.addresses import CRUMB, TOKENS
from app.console.responses import see_other
from app.console.visitor import caller
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.errors import UserError
from app.identity.right import ADMINISTER_ALL
from app.solutions.people.tokens import MadeToken, create_token, read_tokens, remove_token
from app.text import collapsed, is_whole_number
from app.web.context import resources
from app.web.refusal import Forbidden, Refused

blueprint = Blueprint("tokens", __name__)

_PAGE = 100
_MOST_DIGITS = 18


@blueprint.get("/tokens")
@short_statements()
def tokens() -> Response:
    """Show the master tokens, the oldest first."""
    _check()
    return _page(Form())


@blueprint.post("/tokens")
@short_statements()
def create() -> Response:
    """Create a master token. The page that follows is the only one that shows it, so the response is not a redirect."""
    _check()
    try:
        with resources().engine.begin() as connection:
            made = create_token(connection, caller(), collapsed(request.form.get("name", "")))
    except UserError as error:
        return _page(Form.sent().refused(error), status=422)
    return _page(Form(), made=made)


@blueprint.post("/tokens/revoke")
@short_statements()
def revoke() -> Response:
    """Remove a token, which every process refuses from then on."""
    _check()
    given = request.form.get("token", "")
    if not is_whole_number(given) or len(given) > _MOST_DIGITS:
        raise Refused(400, "The form names no token.")
    try:
        with resources().engine.begin() as connection:
            remove_token(connection, int(given), "token")
    except UserError:
        raise Refused(404, "There is no such token any more.") from None
    return see_other(f"{TOKENS}?done=revoked")


def _page(form: Form, *, made: MadeToken | None = None, status: int = 200) -> Response:
    after = request.args.get("after", "")
    if after and (not is_whole_number(after) or len(after) > _MOST_DIGITS):
        raise Refused(400, "The parameter after must be the number of a token.")
    with snapshot(resources().engine) as connection:
        found = read_tokens(connection, after=int(after or 0), limit=_PAGE + 1)
    shown = found[:_PAGE]
    return page(
        "people/tokens.html",
        "Tokens",
        section="People",
        crumbs=(CRUMB,),
        tokens=shown,
        made=made,
        form=form,
        following=f"{TOKENS}?after={shown[-1].identifier}" if len(found) > _PAGE else "",
        first=TOKENS if after else "",
        done=request.args.get("done", ""),
        status=status,
    )


def _check() -> None:
    if not caller().administers_all:
        raise Forbidden(f"Only users with {ADMINISTER_ALL} see the tokens.")
