"""Relay paging over a list of ids: `first` and `after`, or `last` and `before`; cursors are opaque."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.errors import user_error

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
    """Where a page stands in its list."""

    end_cursor: str | None
    has_next_page: bool
    start_cursor: str | None
    has_previous_page: bool


@dataclass(frozen=True)
class Page:
    """The ids of one page."""

    ids: list[str]
    info: PageInfo


def page_of(ids: Sequence[str], paging: Paging) -> Page:
    """Cut a page out of a list in its order. Raises UserError about `first`, `last`, `after` or `before`."""
    if paging.first is not None and paging.last is not None:
        user_error("last", "and first cannot be given together")
    start, end = 0, len(ids)
    places = {identifier: place for place, identifier in enumerate(ids)} if paging.after or paging.before else {}
    if paging.after:
        start = _place(places, paging.after, "after") + 1
    if paging.before:
        end = _place(places, paging.before, "before")
    if paging.last is not None:
        start = max(start, end - _count(paging.last, "last"))
    else:
        end = min(end, start + _count(paging.first if paging.first is not None else DEFAULT_PAGE, "first"))
    page = list(ids[start:end])
    info = PageInfo(
        end_cursor=cursor(page[-1]) if page else None,
        has_next_page=end < len(ids) and start < len(ids),
        start_cursor=cursor(page[0]) if page else None,
        has_previous_page=start > 0 and bool(ids),
    )
    return Page(page, info)


def cursor(identifier: str) -> str:
    """The cursor of an item."""
    return urlsafe_b64encode(identifier.encode()).decode()


def _place(places: dict[str, int], given: str, field: str) -> int:
    try:
        identifier = urlsafe_b64decode(given.encode()).decode()
    except (Base64Error, ValueError):
        identifier = ""
    if identifier not in places:
        user_error(field, "is no cursor of this list")
    return places[identifier]


def _count(count: int, field: str) -> int:
    if not 0 <= count <= MOST_PAGE:
        user_error(field, f"must be from 0 to {MOST_PAGE}, not {count}")
    return count
