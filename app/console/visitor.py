"""Who looks at a page: a user with a session, or somebody who has not signed in.

The browser holds a token in a cookie. After the sign-in it is the token of the session. Before, it is a random text
that only binds the sign-in form to the browser. Every form holds a second token, which is derived from the first one:
a page of another site cannot know it, so such a page cannot send a form in the name of the visitor.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final

from flask import Response, g, request

from app.console.responses import see_other
from app.console.urls import sign_in_url
from app.database.connection import short_statements
from app.errors import NotAuthorisedError
from app.identity.actor import Actor, ActorKind, act_as
from app.identity.rights import Caller
from app.identity.sessions import Session, find_session, note_use
from app.text import is_writable
from app.web.context import resources
from app.web.form_fields import check_form, check_size, check_texts
from app.web.refusal import Forbidden, Refused

COOKIE: Final = "relink-session"
FORM_TOKEN: Final = "form_token"  # noqa: S105 - the name of a field

_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_OF_OTHER_SITES = {"cross-site", "same-site"}


@dataclass(frozen=True)
class Visitor:
    """Somebody who looks at a page. `is_new`: the browser does not have the token yet."""

    token: str
    session: Session | None = None
    is_new: bool = False

    @property
    def form_token(self) -> str:
        """The token that each form of this visitor holds."""
        return hmac.new(self.token.encode(), b"form", "sha256").hexdigest()


def visitor() -> Visitor:
    """Return the visitor of the present request."""
    found = g.get("visitor")
    return found if isinstance(found, Visitor) else _somebody()


def session() -> Session:
    """Return the session of the visitor. Raises NotAuthorisedError (101) without one."""
    found = visitor().session
    if found is None:
        raise NotAuthorisedError("sign in to see this page")
    return found


def caller() -> Caller:
    """Return the user who looks at a page. Raises NotAuthorisedError (101) without one."""
    return session().caller


def admit(*, signed_in: bool = True) -> Response | None:
    """Find out who sends a request, and check the form that it may hold, before a page is made.

    Returns the redirection to the sign-in of a visitor who asks for a page without a session. Raises Refused for a form
    that does not come from our own page, and for texts that the database cannot hold.
    """
    g.visitor = _visitor()
    check_size(signed_in=g.visitor.session is not None)
    if not is_writable(request.path):
        raise Refused(404, "There is no page at this address.")
    check_texts(request.args)
    is_form = request.method == "POST"
    if signed_in and g.visitor.session is None and not is_form:
        return see_other(sign_in_url(request.full_path if request.query_string else request.path))
    if is_form:
        _check_form(g.visitor, signed_in=signed_in)
    return None


def keep_token(response: Response) -> Response:
    """Give the browser the token of the visitor, if it does not have it yet."""
    if visitor().is_new:
        set_cookie(response, visitor().token)
    return response


def set_cookie(response: Response, token: str) -> None:
    """Let the browser keep a token until it is closed. Behind https the cookie is sent over https only."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", secure=request.is_secure, path="/")


def _visitor() -> Visitor:
    token = request.cookies.get(COOKIE, "")
    act_as(Actor(ActorKind.PUBLIC, address=request.remote_addr))
    if not _TOKEN.fullmatch(token):
        return _somebody()
    with short_statements(), resources().engine.begin() as connection:
        found = find_session(connection, token)
        if found is None:
            return Visitor(token)
        act_as(Actor(ActorKind.USER, found.caller.user_identifier, address=request.remote_addr))
        if found.is_to_note:
            note_use(connection, token)
    return Visitor(token, found)


def _somebody() -> Visitor:
    return Visitor(secrets.token_urlsafe(_BYTES), is_new=True)


def _check_form(sender: Visitor, *, signed_in: bool) -> None:
    """Raise Refused unless the form in the request comes from a page of ours, made for this visitor."""
    check_form()
    if request.headers.get("Sec-Fetch-Site") in _OF_OTHER_SITES:
        raise Forbidden("This form was sent by a page of another site, and was refused.")
    given = request.form.get(FORM_TOKEN, "")
    if sender.is_new or not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), sender.form_token.encode()):
        reason = "has expired, because you have signed out or in since it was shown, or the browser sends no cookies"
        raise Forbidden(f"Nothing was done. The form {reason}: open its page again.")
    if signed_in and sender.session is None:
        raise Forbidden("Nothing was done, because your session has ended. Sign in and send the form again.")
    check_texts(request.form)
