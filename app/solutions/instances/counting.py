"""How many instances of a solution are on each release, now and in the past."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

LONGEST: Final = timedelta(days=30)
"""How far back the past is shown."""
TIMES: Final = 48
"""At how many times the instances are counted."""

_COUNTS = text("""
    SELECT release_number, count(*), count(*) FILTER (WHERE enabled), count(*) FILTER (WHERE held)
    FROM solution_instance WHERE solution_identifier = :solution GROUP BY release_number ORDER BY release_number
""")
_START = text("""
    SELECT now(), greatest(min(created_at), now() - CAST(:longest AS interval))
    FROM solution_instance WHERE solution_identifier = :solution
""")
# An instance is created on the release that is the latest then.
_CREATED = text("""
    SELECT width_bucket(i.created_at, CAST(:times AS timestamptz[])),
           coalesce((SELECT max(r.release_number) FROM solution_release r
                     WHERE r.solution_identifier = :solution AND r.published_at <= i.created_at), 1),
           count(*)
    FROM solution_instance i WHERE i.solution_identifier = :solution AND i.created_at > :start GROUP BY 1, 2
""")
_MOVED = text("""
    SELECT width_bucket(a.at, CAST(:times AS timestamptz[])),
           CAST(a.details ->> 'from' AS integer), CAST(a.details ->> 'to' AS integer), count(*)
    FROM audit a JOIN solution_instance i ON i.instance_identifier::text = a.object_name
    WHERE a.action = 'instance-moved' AND a.at > :start AND i.solution_identifier = :solution GROUP BY 1, 2, 3
""")
_BEHIND = text("""
    SELECT count(*) FILTER (WHERE i.held OR s.held),
           count(*) FILTER (WHERE NOT (i.held OR s.held) AND i.needs_input_for_release = s.latest_release_number),
           count(*) FILTER (WHERE NOT (i.held OR s.held) AND i.failed_release = s.latest_release_number)
    FROM solution_instance i JOIN solution s USING (solution_identifier)
    WHERE i.release_number < s.latest_release_number
""")
_OWNERS = text("""
    SELECT u.user_identifier::text, u.name, count(*), count(*) OVER ()
    FROM solution_instance i JOIN external_user u ON u.user_identifier = i.owner
    WHERE i.instance_identifier = ANY (CAST(:instances AS uuid[]))
    GROUP BY u.user_identifier, u.name ORDER BY count(*) DESC, u.name, u.user_identifier LIMIT :limit
""")


@dataclass(frozen=True)
class ReleaseCount:
    """How many instances are on a release, and how many of them are enabled and on hold."""

    release: int
    instances: int
    enabled: int
    held: int


@dataclass(frozen=True)
class Behind:
    """How many instances are behind the latest release and do not move by themselves: because they are on hold, need
    input, or failed to move."""

    held: int
    need_input: int
    failing: int


@dataclass(frozen=True)
class Past:
    """How many of the instances that there are now were on each release, at each of some times, the oldest first."""

    times: Sequence[datetime]
    instances: dict[int, list[int]]


@dataclass(frozen=True)
class OwnerCount:
    """An end user, and how many of some instances are theirs."""

    user_id: str
    name: str
    instances: int


def count_by_release(connection: Connection, solution_id: str) -> list[ReleaseCount]:
    """Return the releases that have instances, by number."""
    return [ReleaseCount(*row) for row in connection.execute(_COUNTS, {"solution": solution_id})]


def count_behind(connection: Connection) -> Behind:
    """Return how many instances of all solutions wait, and for what."""
    return Behind(*connection.execute(_BEHIND).one())


def count_in_the_past(connection: Connection, solution_id: str, present: Sequence[ReleaseCount]) -> Past:
    """Return how many of the present instances were on each release, as far back as the audit is looked at.

    The numbers are those of now, less what was created or has arrived since, and with what has left since.
    """
    now, start = connection.execute(_START, {"solution": solution_id, "longest": LONGEST}).one()
    if start is None or start >= now:
        return Past((), {})
    times = [start + (now - start) * place / (TIMES - 1) for place in range(TIMES)]
    given = {"solution": solution_id, "times": times, "start": start}
    arrived: dict[int, Counter[int]] = defaultdict(Counter)
    for place, release, count in connection.execute(_CREATED, given):
        arrived[release][place] += count
    for place, left, reached, count in connection.execute(_MOVED, given):
        arrived[reached][place] += count
        arrived[left][place] -= count
    now_on = {each.release: each.instances for each in present}
    return Past(times, {release: _back(now_on.get(release, 0), arrived[release]) for release in {*now_on, *arrived}})


def count_owners(connection: Connection, instance_ids: Collection[str], limit: int) -> tuple[list[OwnerCount], int]:
    """Return the owners of instances, those with the most first, and how many owners there are in all."""
    rows = connection.execute(_OWNERS, {"instances": list(instance_ids), "limit": limit}).all()
    return [OwnerCount(*row[:3]) for row in rows], rows[0][3] if rows else 0


def _back(now_on: int, arrived: Counter[int]) -> list[int]:
    """Return the numbers at each time. What arrived at place n arrived between the times n - 1 and n."""
    counts = [now_on] * TIMES
    for place in reversed(range(TIMES - 1)):
        now_on -= arrived[place + 1]
        counts[place] = max(0, now_on)
    return counts
