"""Relay paging: `first` and `after`, or `last` and `before`. A cursor is a place in the order of a list, and opaque."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from app.errors import UserError, invalid
from app.solutions.listing import Listing, ListPlace, Side, has_any, read_places

DEFAULT_PAGE: Final = 100
MOST_PAGE: Final = 1000


@dataclass(frozen=True)
class Paging:
    """The four arguments of a list."""

    first: int | None = None
    last: int | None = None
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class PageInfo:
    """The position of a page in its list."""

    end_cursor: str | None
    has_next_page: bool
    start_cursor: str | None
    has_previous_page: bool


@dataclass(frozen=True)
class Page:
    """The places of one page."""

    places: list[ListPlace]
    info: PageInfo

    @property
    def ids(self) -> list[str]:
        """The ids of the entries on the page."""
        return [str(place.identifier) for place in self.places]


def read_page(connection: Connection, listing: Listing, paging: Paging) -> Page:
    """Return a page of a list. Raises UserError about `first`, `last`, `after` or `before`."""
    if paging.first is not None and paging.last is not None:
        raise UserError(invalid("last", "cannot be given together with first"))
    after, before = _place(paging.after, "after"), _place(paging.before, "before")
    backwards = paging.last is not None
    most = _count(paging.last, "last") if backwards else _count(paging.first, "first")
    # One more entry than requested is read, to find out whether there are more.
    places = read_places(connection, listing, most + 1, after=after, before=before, from_end=backwards)
    more = len(places) > most
    if more:
        places = places[1:] if backwards else places[:-1]
    if backwards:
        has_previous, has_next = more, _has_any(connection, listing, ">=", before)
    else:
        has_previous, has_next = _has_any(connection, listing, "<=", after), more
        # As in Relay, `first` looks no further than `before`.
        if paging.first is None:
            has_next = more or _has_any(connection, listing, ">=", before)
    start, end = (cursor(places[0]), cursor(places[-1])) if places else (None, None)
    return Page(places, PageInfo(end, has_next, start, has_previous))


def cursor(place: ListPlace) -> str:
    """Return the cursor of a place."""
    created = place.created.astimezone(UTC).isoformat(timespec="microseconds")
    return urlsafe_b64encode(f"{created} {place.identifier}".encode()).decode()


def _has_any(connection: Connection, listing: Listing, side: Side, place: ListPlace | None) -> bool:
    return place is not None and has_any(connection, listing, side, place)


def _place(given: str | None, field: str) -> ListPlace | None:
    if not given:
        return None
    try:
        created, _, identifier = urlsafe_b64decode(given.encode()).decode().partition(" ")
        place = ListPlace(datetime.fromisoformat(created), UUID(identifier))
        # There are many ways to write a time or an id, but a cursor of Relink uses only one of them.
        known = cursor(place) == given
    except (ValueError, OverflowError):
        known = False
    if not known:
        raise UserError(invalid(field, "is not a cursor of this list"))
    return place


def _count(count: int | None, field: str) -> int:
    if count is None:
        return DEFAULT_PAGE
    if not 0 <= count <= MOST_PAGE:
        raise UserError(invalid(field, f"must be from 0 to {MOST_PAGE}, not {count}"))
    return count
