"""The addresses of the pages of people."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from app.console.pages import Crumb
from app.console.urls import with_parameters

PEOPLE: Final = "/console/people"
PERMISSIONS: Final = "/console/permissions"
TOKENS: Final = "/console/tokens"
ACTIVITY: Final = "/console/activity"
CRUMB: Final = Crumb("People", PEOPLE)


def user_url(logon: str, page: str = "", **parameters: str) -> str:
    """Return the address of a page of a user."""
    address = f"{PEOPLE}/{quote(logon, safe='')}" + (f"/{page}" if page else "")
    return with_parameters(address, parameters)


def activity_url(**parameters: str) -> str:
    """Return the address of the page of activity, with the filters that have a text."""
    given = {name: text for name, text in parameters.items() if text}
    return with_parameters(ACTIVITY, given)
