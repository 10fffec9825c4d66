"""Who signs a request: `userLogonReference` and `password` in the message, else HTTP Basic, else nobody."""

from __future__ import annotations

from flask import Request

from app.identity.sign_in import Credentials
from app.wire.decode import collapsed


def credentials(request: Request, logon_reference: str | None, password: str | None) -> Credentials | None:
    """The credentials of a request; those in the message win."""
    logon = collapsed(logon_reference or "")
    if logon or password:
        return Credentials(logon, password or "")
    try:
        basic = request.authorization
    except ValueError:
        basic = None  # not even ASCII
    if basic is not None and basic.type == "basic":
        return Credentials(basic.username or "", basic.password or "")
    if "Authorization" in request.headers:
        return Credentials("", "")
    return None
