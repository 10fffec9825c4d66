"""Addresses of pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode, urlsplit

HOME: Final = "/console"
SIGN_IN: Final = "/console/sign-in"
SIGN_OUT: Final = "/console/sign-out"
_MOST = 2000


def with_parameters(address: str, parameters: Mapping[str, str | int]) -> str:
    """Return an address with parameters, if there are any."""
    return f"{address}?{urlencode(parameters)}" if parameters else address


def sign_in_url(following: str) -> str:
    """Return the address of the sign-in that leads to another page of ours afterwards."""
    return SIGN_IN if following == HOME else f"{SIGN_IN}?{urlencode({'next': following})}"


def local(given: str | None) -> str:
    """Return an address if it is a path on this server, otherwise that of the home page.

    So no link to the sign-in can lead to another site. A browser reads a backslash as a slash, and ignores tabs and
    line ends.
    """
    if not given or len(given) > _MOST or not given.startswith("/") or given.startswith(("//", SIGN_IN, SIGN_OUT)):
        return HOME
    if "\\" in given or not given.isascii() or not given.isprintable() or " " in given:
        return HOME
    try:
        parts = urlsplit(given)
    except ValueError:
        return HOME
    return HOME if parts.scheme or parts.netloc else given
