"""How many instances of a solution are on each release, now and in the past."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.solutions.instances.flags import OnRelease, read_waits_for
from app.solutions.instances.waiting import MAY_WAIT, read_lacking
from app.solutions.releases.contents import contents_of_solutions

LONGEST: Final = timedelta(days=30)
"""How far back the past is shown."""
TIMES: Final = 48
"""At how many times the instances are counted."""
MOST_JUDGED: Final = 2000
"""At most this many instances are checked for what they wait for."""

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
_MAY_WAIT = text(f"""
    SELECT i.instance_identifier::text, i.solution_identifier::text, i.release_number, s.latest_release_number
    FROM solution_instance i JOIN solution s USING (solution_identifier)
    WHERE {MAY_WAIT}
    LIMIT :most
""")  # noqa: S608
_OWNERS = text(sql_file("app.solutions.instances", "owners_of_waiting"))


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
class WaitingCount:
    """How many instances wait for input of their end users, and how many for input of the system. An instance may wait
    for both, and be on hold as well. `is_complete`: all instances that may wait were looked at."""

    for_user: int
    for_system: int
    is_complete: bool


@dataclass(frozen=True)
class Past:
    """How many of the present instances were on each release, at each of several times, the oldest first."""

    times: Sequence[datetime]
    instances: dict[int, list[int]]


@dataclass(frozen=True)
class OwnerCount:
    """An end user, and how many of their instances wait for them, and how many for the system."""

    user_id: str
    name: str
    waiting_for_user: int
    waiting_for_system: int


def count_by_release(connection: Connection, solution_id: str) -> list[ReleaseCount]:
    """Return the releases that have instances, by number."""
    return [ReleaseCount(*row) for row in connection.execute(_COUNTS, {"solution": solution_id})]


def count_behind(connection: Connection) -> Behind:
    """Return how many instances of all solutions wait, and for what."""
    return Behind(*connection.execute(_BEHIND).one())


def count_waiting(connection: Connection) -> WaitingCount:
    """Return how many instances of all solutions wait for input, by who has to give it."""
    given = {"most": MOST_JUDGED + 1, "lacking": read_lacking(connection)}
    instances = [OnRelease(*row) for row in connection.execute(_MAY_WAIT, given)]
    judged = instances[:MOST_JUDGED]
    contents = contents_of_solutions(connection, {instance.solution_id for instance in judged}) if judged else {}
    found = read_waits_for(connection, judged, contents).values()
    return WaitingCount(
        sum(each.user for each in found),
        sum(each.system for each in found),
        len(instances) <= MOST_JUDGED,
    )


def count_in_the_past(connection: Connection, solution_id: str, present: Sequence[ReleaseCount]) -> Past:
    """Return how many of the present instances were on each release, as far back as the audit is looked at.

    Each number is the present one, minus the instances that were created or arrived since then, plus those that left.
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


def count_owners(
    connection: Connection, for_users: Collection[str], for_system: Collection[str], limit: int
) -> tuple[list[OwnerCount], int]:
    """Return the owners of instances that wait for input, those with the most first, and how many owners there are.

    `for_users` are the instances that wait for their end users, `for_system` those that wait for the system.
    """
    given = {"for_users": list(for_users), "for_system": list(for_system), "limit": limit}
    rows = connection.execute(_OWNERS, given).all()
    return [OwnerCount(*row[:4]) for row in rows], rows[0][4] if rows else 0


def _back(now_on: int, arrived: Counter[int]) -> list[int]:
    """Return the numbers at each time. What arrived at place n arrived between the times n - 1 and n."""
    counts = [now_on] * TIMES
    for place in reversed(range(TIMES - 1)):
        now_on -= arrived[place + 1]
        counts[place] = max(0, now_on)
    return counts
