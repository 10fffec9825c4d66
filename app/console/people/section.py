"""The pages of people: users, permissions, tokens and activity."""

from __future__ import annotations

from typing import Final

from app.console.people import activity, changing, listing, permissions, showing, tokens

PAGES: Final = (
    listing.blueprint,
    showing.blueprint,
    changing.blueprint,
    permissions.blueprint,
    tokens.blueprint,
    activity.blueprint,
)
