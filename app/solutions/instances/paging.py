"""Pages of instances that are found by keys, so that the cost of a page does not depend on how many come before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from app.errors import UserError, not_found
from app.solutions.instances.reading import Instance, InstanceFilter, instance_listing, read_instances_of, read_row
from app.solutions.listing import ListPlace, read_places

MOST_LOOKED_AT: Final = 2000
"""A page is made from at most this many instances. If few of them match a filter on flags, the page is short."""

_SHARE = 200


@dataclass(frozen=True)
class InstancePage:
    """Instances without their values, and the id of the instance after which the next page begins, if there is one."""

    instances: list[Instance]
    after: str | None


def read_page(connection: Connection, wanted: InstanceFilter, after: str | None, size: int) -> InstancePage:
    """Return the instances that match a filter, the oldest first, starting after the instance `after`.

    Raises UserError about `after`.
    """
    listing = instance_listing(wanted)
    place = None if after is None else _place(connection, after)
    share = _SHARE if wanted.asks_for_input else size
    found: list[Instance] = []
    looked_at = 0
    while looked_at < MOST_LOOKED_AT:
        places = read_places(connection, listing, share + 1, after=place)
        ids = [str(each.identifier) for each in places[:share]]
        for instance in read_instances_of(connection, ids, with_values=False):
            if len(found) == size:
                return InstancePage(found, found[-1].instance_id)
            if wanted.lets_through(instance.flags):
                found.append(instance)
        if len(places) <= share:
            return InstancePage(found, None)
        place, looked_at = places[share - 1], looked_at + share
        if len(found) == size:
            break
    return InstancePage(found, None if place is None else str(place.identifier))


@dataclass(frozen=True)
class InstanceMove:
    """A move of an instance to another release: when, how, and who did it."""

    at: datetime
    from_release: int
    to_release: int
    how: str
    actor_kind: str
    actor: str | None


_MOVES = text("""
    SELECT a.at, CAST(a.details ->> 'from' AS integer), CAST(a.details ->> 'to' AS integer), a.details ->> 'how',
           a.actor_kind, coalesce(u.user_logon_reference, a.actor_name)
    FROM audit a LEFT JOIN account u ON u.user_identifier = a.user_identifier
    WHERE a.action = 'instance-moved' AND a.object_kind = 'instance' AND a.object_name = :instance
    ORDER BY a.at DESC, a.audit_identifier DESC LIMIT :limit
""")


def read_moves(connection: Connection, instance_id: str, limit: int) -> list[InstanceMove]:
    """Return the latest moves of an instance that the audit still has, the newest first."""
    rows = connection.execute(_MOVES, {"instance": instance_id, "limit": limit})
    return [InstanceMove(*row) for row in rows]


def _place(connection: Connection, instance_id: str) -> ListPlace:
    try:
        row = read_row(connection, instance_id)
    except UserError:
        raise UserError(not_found("after")) from None
    return ListPlace(row.created, UUID(row.instance_id))
