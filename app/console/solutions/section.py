"""The pages of solutions."""

from __future__ import annotations

from typing import Final

from app.console.solutions import drafting, listing, publishing, rolling_out, showing

PAGES: Final = (
    listing.blueprint,
    showing.blueprint,
    drafting.blueprint,
    publishing.blueprint,
    rolling_out.blueprint,
)
