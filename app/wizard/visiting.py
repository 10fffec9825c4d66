"""Who uses a page of the wizard: an end user with a code at first, and with the token of a session afterwards."""

from __future__ import annotations

import re
from typing import Final

from flask import g, request

from app.database.connection import short_statements
from app.identity.actor import Actor, ActorKind, act_as
from app.solutions.people.cipher import Cipher
from app.solutions.people.tokens import redeem_authorization_code
from app.solutions.texts import identifier
from app.solutions.wizard.sessions import Purpose, WizardSession, find_session, is_session
from app.web.context import resources
from app.web.form_fields import ANONYMOUS, check_form, check_size, check_texts
from app.web.refusal import Forbidden

TOKEN: Final = "token"  # noqa: S105 - the name of a field
_TOKEN = re.compile(rb"(?:^|&)" + TOKEN.encode() + rb"=([A-Za-z0-9_-]+)(?:&|$)")
_USED = "The link to this page has been used already, or is older than five minutes."
_ENDED = "The page was not used for an hour, or it was finished or cancelled in another window. Nothing was stored."


def cipher() -> Cipher:
    """Return the cipher of the settings."""
    return Cipher(resources().settings.secret_key)


def check_request() -> None:
    """Limit the size of a form, and refuse texts that the database cannot hold.

    Raises Refused, and Forbidden for a large form without the token of a session.
    """
    check_size(signed_in=True)  # the token of the session is in the form
    if request.method == "POST" and len(request.get_data()) > ANONYMOUS:
        _require_session()
    act_as(Actor(ActorKind.PUBLIC, address=request.remote_addr))
    check_texts(request.args)
    if request.method == "POST":
        check_form()
        check_texts(request.form)


def is_only_looking() -> bool:
    """Return whether a request only looks at an address, or fetches it in advance: it must not use up the code."""
    purposes = (request.headers.get("Sec-Purpose", ""), request.headers.get("Purpose", ""))
    return request.method == "HEAD" or any("prefetch" in purpose for purpose in purposes)


def redeemed_user() -> str:
    """Use up the code in the address, and return its end user. Raises Forbidden."""
    with short_statements(), resources().engine.begin() as connection:
        owner = redeem_authorization_code(connection, request.args.get("code", ""))
    if owner is None:
        g.token_refused = True
        raise Forbidden(_USED)
    _act_for(owner)
    return owner


def session_of(purpose: Purpose, *, instance_id: str | None = None, subject: str | None = None) -> WizardSession:
    """Return the session whose token is in the form, which must be for this address. Raises Forbidden."""
    with short_statements(), resources().engine.connect() as connection:
        found = find_session(connection, cipher(), request.form.get(TOKEN, ""))
    if (
        found is None
        or found.filled_in.purpose is not purpose
        or found.instance_id != identifier(instance_id)
        or found.filled_in.subject != subject
    ):
        raise Forbidden(_ENDED)
    _act_for(found.owner)
    return found


def _require_session() -> None:
    """Look for the token in the bytes of a form, since to read all of its fields takes long."""
    found = _TOKEN.search(request.get_data())
    with short_statements(), resources().engine.connect() as connection:
        if found is None or not is_session(connection, found[1].decode()):
            raise Forbidden(_ENDED)


def _act_for(owner: str) -> None:
    act_as(Actor(ActorKind.TOKEN, name=f"wizard of {owner}", address=request.remote_addr))
