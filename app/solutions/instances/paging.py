"""Pages of instances that are found by keys, so that the cost of a page does not depend on how many come before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from app.errors import UserError, not_found
from app.solutions.instances.reading import Instance, InstanceFilter, instance_listing, read_instances_of, read_row
from app.solutions.instances.waiting import MAY_WAIT, InputFrom, read_lacking
from app.solutions.listing import ListPlace, read_places

MOST_LOOKED_AT: Final = 2000
"""A page is made from at most this many instances. If few of them match a filter on flags, the page is short."""

_SHARE = 200


@dataclass(frozen=True)
class InstancePage:
    """Instances without their values, and the id of the instance after which the next page begins, if there is one."""

    instances: list[Instance]
    after: str | None


def read_page(
    connection: Connection,
    wanted: InstanceFilter,
    after: str | None,
    size: int,
    *,
    waiting_for: InputFrom | None = None,
) -> InstancePage:
    """Return the instances that match a filter, the oldest first, starting after the instance `after`. `waiting_for`
    selects those that wait for this input.

    Raises UserError about `after`.
    """
    listing = instance_listing(wanted, joined=waiting_for is not None)
    if waiting_for is not None:
        lacking = {"lacking": read_lacking(connection)}
        listing = replace(
            listing,
            condition=f"{listing.condition} AND {MAY_WAIT}",
            parameters={**listing.parameters, **lacking},
        )
    place = None if after is None else _place(connection, after)
    share = _SHARE if wanted.asks_for_input or waiting_for is not None else size
    found: list[Instance] = []
    looked_at = 0
    while looked_at < MOST_LOOKED_AT:
        places = read_places(connection, listing, share + 1, after=place)
        ids = [str(each.identifier) for each in places[:share]]
        for instance in read_instances_of(connection, ids, with_values=False):
            if len(found) == size:
                return InstancePage(found, found[-1].instance_id)
            is_awaited = waiting_for is None or waiting_for.is_wanted_by(instance.waits_for)
            if is_awaited and wanted.lets_through(instance.flags):
                found.append(instance)
        if len(places) <= share:
            return InstancePage(found, None)
        place, looked_at = places[share - 1], looked_at + share
        if len(found) == size:
            break
    return InstancePage(found, None if place is None else str(place.identifier))


def _place(connection: Connection, instance_id: str) -> ListPlace:
    try:
        row = read_row(connection, instance_id)
    except UserError:
        raise UserError(not_found("after")) from None
    return ListPlace(row.created, UUID(row.instance_id))
