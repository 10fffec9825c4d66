"""Signing in with user and password, and out again."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.console.forms import Form
from app.console.pages import page
from app.console.responses import see_other
from app.console.urls import SIGN_IN, local
from app.console.visitor import COOKIE, admit, keep_token, set_cookie, visitor
from app.database.connection import short_statements
from app.errors import NotAuthorisedError
from app.identity.sessions import create_session, end_session
from app.identity.sign_in import Credentials, TooManyFailuresError
from app.text import collapsed
from app.web.context import resources
from app.web.statuses import failure_headers

blueprint = Blueprint("signing_in", __name__)


@blueprint.before_request
def begin() -> Response | None:
    """Find out who sends the request, who need not have signed in."""
    return admit(signed_in=False)


blueprint.after_request(keep_token)


@blueprint.get("/sign-in")
def form() -> Response:
    """Show the form, unless the visitor has signed in."""
    following = local(request.args.get("next"))
    return _form(Form(), following) if visitor().session is None else see_other(following)


@blueprint.post("/sign-in")
@short_statements()
def sign_in() -> Response:
    """Sign in, with a new token, so that nobody can have given the browser the token of the session beforehand."""
    shared, following = resources(), local(request.form.get("next"))
    given = Credentials(collapsed(request.form.get("user", "")), request.form.get("password", ""))
    try:
        signed_in = shared.sign_in.signed_in(given, request.remote_addr or "")
        with shared.engine.begin() as connection:
            end_session(connection, visitor().token)
            token = create_session(connection, signed_in)
    except (NotAuthorisedError, TooManyFailuresError) as error:
        response = _form(Form.sent().refused(error), following)
        response.status_code = 429 if isinstance(error, TooManyFailuresError) else 403
        response.headers["Relink-Error-Number"] = str(error.number)
        response.headers.update(failure_headers(error))
        return response
    response = see_other(following)
    set_cookie(response, token)
    return response


@blueprint.post("/sign-out")
@short_statements()
def sign_out() -> Response:
    """End the session."""
    with resources().engine.begin() as connection:
        end_session(connection, visitor().token)
    response = see_other(SIGN_IN)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def _form(shown: Form, following: str) -> Response:
    return page("sign_in.html", "Sign in", form=shown, following=following)
