"""The pages of instances."""

from __future__ import annotations

from typing import Final

from app.console.instances import changing, listing, showing

PAGES: Final = (listing.blueprint, showing.blueprint, changing.blueprint)
