"""Lazy updates: instances that need nothing for the latest release move to it by themselves (design section 8).

"When a new version of a Solution is published it will be rolled out automatically to End Users if no extra
configuration is required from them. This will work as a 'lazy update', with a delay of approx 2 minutes from release.
If a source workflow runs on a scheduled trigger it won't happen until the next scheduled run." (Updating vs Upgrading)

Any number of workers sweep at once. Each instance is locked, judged again under the lock and moved in a commit of its
own; one that somebody else has locked is passed over. So each moves once, and a worker that is killed has moved an
instance or has not. What a sweep finds to need input is marked, so that the next ones do not look at it again before
there is another release or a new value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from croniter import CroniterError, croniter
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from app.database.engine import refusal
from app.errors import RelinkError
from app.settings import Settings
from app.solutions.flags import Contents
from app.solutions.instance_flags import OnRelease, read_flags
from app.solutions.instances import move_instance
from app.solutions.model import Trigger, Workflow
from app.solutions.solutions import read_contents

BATCH = 200

_log = structlog.get_logger("relink.lazy")
_FIRST = (-1, "00000000-0000-0000-0000-000000000000")

# Of each release one look into the index, however many of its instances wait for input.
_GROUPS = text("""
    SELECT s.solution_identifier::text, r.release_number, s.latest_release_number, latest.published_at
    FROM solution s
    JOIN solution_release latest
      ON latest.solution_identifier = s.solution_identifier AND latest.release_number = s.latest_release_number
    JOIN solution_release r
      ON r.solution_identifier = s.solution_identifier AND r.release_number < s.latest_release_number
    CROSS JOIN LATERAL (
      SELECT i.passed_over_release FROM solution_instance i
      WHERE i.solution_identifier = s.solution_identifier AND i.release_number = r.release_number AND NOT i.held
      ORDER BY i.passed_over_release LIMIT 1
    ) first
    WHERE NOT s.held AND first.passed_over_release < s.latest_release_number
    ORDER BY latest.published_at, 1, 2
""")
# A commit need not wait for the disk: an update that a crash undoes is made again.
_NEXT = text("""
    SELECT i.instance_identifier::text, i.passed_over_release, set_config('synchronous_commit', 'off', true)
    FROM solution_instance i
    WHERE i.solution_identifier = :solution AND i.release_number = :release AND NOT i.held
      AND i.passed_over_release < :latest
      AND (i.passed_over_release, i.instance_identifier) > (:passed_over, CAST(:instance AS uuid))
      AND EXISTS (
        SELECT FROM solution s
        WHERE s.solution_identifier = :solution AND s.latest_release_number = :latest AND NOT s.held)
    ORDER BY i.passed_over_release, i.instance_identifier
    LIMIT 1 FOR UPDATE OF i SKIP LOCKED
""")
_NEEDS_INPUT = text("""
    UPDATE solution_instance SET needs_input_for_release = :latest WHERE instance_identifier = :instance
""")


def due_at(published_at: datetime, delay_seconds: int, workflows: tuple[Workflow, ...]) -> datetime:
    """When instances on a release with these workflows begin to move to one that was published at that time.

    That is the delay after the publication, and where workflows are scheduled the next time, in UTC, that one of them
    runs after that. A schedule without a next time is none.
    """
    earliest = published_at.astimezone(UTC) + timedelta(seconds=delay_seconds)
    return min(_next_runs(earliest, workflows), default=earliest)


def move_due_instances(
    engine: Engine,
    settings: Settings,
    *,
    now: datetime | None = None,
    batch: int = BATCH,
    stop: Callable[[], bool] = lambda: False,
    progressed: Callable[[], None] = lambda: None,
) -> int:
    """Move instances that need nothing and are due, one commit each, and answer how many were moved.

    Looks at `batch` of them at most, and ends before the next one when `stop` says so. `progressed` is called after
    each that will not be looked at again. `now` is the database's clock where it is not given.
    """
    with engine.connect() as connection:
        groups = _due_groups(connection, settings.lazy_update_delay, now)
        connection.rollback()
        sweep = _Sweep(connection, batch, stop, progressed)
        for group in groups:
            if not sweep.through(group):
                break
    return sweep.moved


@dataclass(frozen=True)
class _Group:
    """The instances of a solution that are on a release older than the latest."""

    solution_id: str
    release: int
    latest: int
    contents: Contents


def _due_groups(connection: Connection, delay: int, now: datetime | None) -> list[_Group]:
    found = []
    at: datetime = now or connection.execute(text("SELECT now()")).scalar_one()
    for solution_id, release, latest, published_at in connection.execute(_GROUPS).all():
        if at < published_at + timedelta(seconds=delay):
            continue
        contents = read_contents(connection, solution_id)
        if at >= due_at(published_at, delay, contents[release].workflows):
            found.append(_Group(solution_id, release, latest, contents))
    return found


@dataclass
class _Sweep:
    connection: Connection
    left: int
    stop: Callable[[], bool]
    progressed: Callable[[], None]
    moved: int = 0
    cursor: tuple[int, str] = _FIRST
    """The instance that was looked at last, in the order of the index."""

    def through(self, group: _Group) -> bool:
        """Go through the instances of a group; False when the sweep is to end."""
        self.cursor = _FIRST
        while self.left > 0 and not self.stop():
            try:
                with self.connection.begin():
                    moved = self._next(group)
            except (RelinkError, DBAPIError) as error:
                if isinstance(error, DBAPIError) and error.connection_invalidated:
                    raise
                reason = error.description if isinstance(error, RelinkError) else refusal(error)
                _log.error("instance not moved", instance_id=self.cursor[1], reason=reason)
                self.left -= 1
                continue
            if moved is None:
                return True
            self.left -= 1
            self.moved += moved
            self.progressed()
        return False

    def _next(self, group: _Group) -> bool | None:
        """Whether the next instance has moved; None where there is none."""
        given = {
            "solution": group.solution_id,
            "release": group.release,
            "latest": group.latest,
            "passed_over": self.cursor[0],
            "instance": self.cursor[1],
        }
        row = self.connection.execute(_NEXT, given).one_or_none()
        if row is None:
            return None
        instance_id = row[0]
        self.cursor = row[1], instance_id
        on_release = OnRelease(instance_id, group.solution_id, group.release, group.latest)
        flags = read_flags(self.connection, [on_release], {group.solution_id: group.contents})[instance_id]
        if flags.requires_user_input_to_update_version or flags.requires_system_input_to_update_version:
            self.connection.execute(_NEEDS_INPUT, {"instance": instance_id, "latest": group.latest})
            return False
        move_instance(self.connection, instance_id, group.latest, {}, {})
        return True


def _next_runs(after: datetime, workflows: tuple[Workflow, ...]) -> Iterator[datetime]:
    for workflow in workflows:
        if workflow.trigger is Trigger.SCHEDULED and workflow.schedule is not None:
            try:
                yield croniter(workflow.schedule, after).get_next(datetime)
            except (CroniterError, ValueError):
                continue
