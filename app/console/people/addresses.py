"""The addresses of the pages of people."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode

from app.console.pages import Crumb

PEOPLE: Final = "/console/people"
PERMISSIONS: Final = "/console/permissions"
TOKENS: Final = "/console/tokens"
ACTIVITY: Final = "/console/activity"
CRUMB: Final = Crumb("People", PEOPLE)


def user_url(logon: str, page: str = "", **parameters: str) -> str:
    """Return the address of a page of a user."""
    address = f"{PEOPLE}/{quote(logon, safe='')}" + (f"/{page}" if page else "")
    return address + (f"?{urlencode(parameters)}" if parameters else "")


def activity_url(**parameters: str) -> str:
    """Return the address of the page of activity, with the filters that have a text."""
    given = {name: text for name, text in parameters.items() if text}
    return f"{ACTIVITY}?{urlencode(given)}" if given else ACTIVITY
