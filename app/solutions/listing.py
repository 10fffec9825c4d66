"""Lists of the store, page by page: the oldest entries first, entries of the same age by id.

A page is found by a place in that order and not by counting, so its cost depends only on its size. The place stays
valid after the entry there is removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from sqlalchemy import Connection, text

Side: TypeAlias = Literal["<=", ">="]
"""The entries up to a place, or from a place on."""


@dataclass(frozen=True, order=True)
class ListPlace:
    """Where an entry stands in a list."""

    created: datetime
    identifier: UUID


@dataclass(frozen=True)
class Listing:
    """A list of the rows of a table, or of joined tables, that meet a condition. `created` and `identifier` are the
    columns of the order."""

    table: str
    created: str
    identifier: str
    condition: str = "true"
    parameters: Mapping[str, object] = field(default_factory=dict)

    @property
    def order(self) -> str:
        """The columns of the order, for `ORDER BY`."""
        return f"{self.created}, {self.identifier}"


def read_places(
    connection: Connection,
    listing: Listing,
    most: int,
    *,
    after: ListPlace | None = None,
    before: ListPlace | None = None,
    from_end: bool = False,
) -> list[ListPlace]:
    """Return the first places between `after` and `before`, or the last ones with `from_end`, in the list's order."""
    condition, parameters = listing.condition, {**listing.parameters, "most": most}
    if after is not None:
        condition += f" AND {_compared(listing, '>', 'after')}"
        parameters |= _parameters("after", after)
    if before is not None:
        condition += f" AND {_compared(listing, '<', 'before')}"
        parameters |= _parameters("before", before)
    direction = "DESC" if from_end else "ASC"
    query = f"""
        SELECT {listing.created}, {listing.identifier} FROM {listing.table} WHERE {condition}
        ORDER BY {listing.created} {direction}, {listing.identifier} {direction} LIMIT :most
    """  # noqa: S608
    places = [ListPlace(*row) for row in connection.execute(text(query), parameters)]
    return places[::-1] if from_end else places


def has_any(connection: Connection, listing: Listing, side: Side, place: ListPlace) -> bool:
    """Return whether there is an entry on a side of a place, or at the place."""
    condition = f"{listing.condition} AND {_compared(listing, side, 'place')}"
    query = f"SELECT EXISTS (SELECT FROM {listing.table} WHERE {condition})"  # noqa: S608
    return bool(connection.execute(text(query), {**listing.parameters, **_parameters("place", place)}).scalar_one())


def count_all(connection: Connection, listing: Listing) -> int:
    """Return how many entries a list has."""
    query = f"SELECT count(*) FROM {listing.table} WHERE {listing.condition}"  # noqa: S608
    return int(connection.execute(text(query), listing.parameters).scalar_one())


def _compared(listing: Listing, comparison: str, name: str) -> str:
    """Return the condition as a comparison of rows, which can use an index on both columns."""
    return f"({listing.order}) {comparison} (CAST(:{name}_created AS timestamptz), CAST(:{name}_identifier AS uuid))"


def _parameters(name: str, place: ListPlace) -> dict[str, object]:
    return {f"{name}_created": place.created, f"{name}_identifier": place.identifier}
