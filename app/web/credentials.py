"""The credentials of a request: `userLogonReference` and `password` in the message, else HTTP Basic, else none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import Request
from werkzeug.datastructures import Authorization

from app.identity.sign_in import Credentials
from app.text import collapsed, is_blank

SIGNED_IN: Final = "relink.signed_in"
"""The key of the WSGI environment for a function that is called when the client of a request has signed in."""


def authorization(request: Request) -> Authorization | None:
    """Return the `Authorization` header, or None if it is absent or malformed, for example not ASCII."""
    try:
        return request.authorization
    except ValueError:
        return None


def credentials(request: Request, message: Mapping[str, str]) -> Credentials | None:
    """Return the credentials of a request. Those in the message take precedence; their keys are element names.

    White space in the user's name is collapsed, however it is sent. A password is kept as given, but one of white space
    only counts as absent, so that an empty element of a pretty-printed message does not hide HTTP Basic credentials.
    """
    password = message.get("password")
    logon = collapsed(message.get("userLogonReference") or "")
    if logon or not is_blank(password):
        return Credentials(logon, password or "")
    basic = authorization(request)
    if basic is not None and basic.type == "basic":
        return Credentials(collapsed(basic.username or ""), basic.password or "")
    if "Authorization" in request.headers:
        return Credentials("", "")
    return None
