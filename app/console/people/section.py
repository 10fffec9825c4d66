"""The pages of people: users, permissions and tokens."""

from __future__ import annotations

from typing import Final

from app.console.people import changing, listing, permissions, showing, tokens

PAGES: Final = (
    listing.blueprint,
    showing.blueprint,
    changing.blueprint,
    permissions.blueprint,
    tokens.blueprint,
)
