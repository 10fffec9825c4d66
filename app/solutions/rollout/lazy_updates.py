"""Lazy updates: instances that need no input for the latest release move to it automatically.

"When a new version of a Solution is published it will be rolled out automatically to End Users if no extra
configuration is required from them. This will work as a 'lazy update', with a delay of approx 2 minutes from release.
If a source workflow runs on a scheduled trigger it won't happen until the next scheduled run." (Updating vs Upgrading)

Any number of workers can sweep at once. A worker reads and judges some instances, then locks each one and moves it in a
transaction of its own; it skips instances that have changed since or that another transaction has locked. So each
instance moves once, and wholly or not at all if a worker is killed. An instance that needs input is marked, so that
later sweeps skip it until there is another release or a new value. An instance that cannot be moved is put off, for
longer each time.

The commits do not wait for the disk, since a later sweep repeats an update that a crash has undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from croniter import CroniterError, croniter
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from app.database.engine import database_error, prepared, refusal
from app.database.failures import Passing, passing
from app.database.sql_files import sql_file
from app.errors import RelinkError
from app.settings import Settings
from app.solutions.content.changes import Change
from app.solutions.content.documents import from_document
from app.solutions.content.flags import Contents, breaking_changes, open_changes
from app.solutions.content.model import Trigger, Workflow
from app.solutions.instances.moving import READ_COLUMNS, InstanceState, Move, reading_statement, state_of_row
from app.solutions.instances.moving_many import CHANGED, DONE, Destination, move_many
from app.solutions.releases.contents import read_contents
from app.solutions.texts import time_text

BATCH = 200
_TOGETHER = 50
"""The number of instances that are read, and then moved by one call. A worker that is told to end does so after it."""

_FIRST_PAUSE = 60
_LONGEST_PAUSE = 3600
_FIRST = (-1, "00000000-0000-0000-0000-000000000000")

_log = structlog.get_logger("relink.lazy")

_GROUPS = text(sql_file("app.solutions.rollout", "due_releases"))
_NEXT = reading_statement(
    """
      i.solution_identifier = %(solution)s AND i.release_number = %(release)s AND NOT i.held
      AND i.passed_over_release < %(latest)s
      AND (i.passed_over_release, i.instance_identifier) > (%(passed_over)s, %(instance)s::uuid)
      AND (i.failed_release <> %(latest)s OR i.try_again_at <= %(at)s)
    ORDER BY i.passed_over_release, i.instance_identifier LIMIT %(most)s
    """,
    columns=("i.passed_over_release", "i.failed_release", "i.failed_times"),
)
# If another transaction has locked the instance by now, it is changing it, and moving it may be possible after that.
_PUT_OFF = text("""
    UPDATE solution_instance SET failed_release = :latest, failed_times = :times, try_again_at = :try_again_at
    WHERE instance_identifier = (
      SELECT instance_identifier FROM solution_instance
      WHERE instance_identifier = :instance FOR NO KEY UPDATE SKIP LOCKED)
""")


def due_at(published_at: datetime, delay_seconds: int, workflows: tuple[Workflow, ...]) -> datetime:
    """Return when instances on a release with these workflows begin to move to a release published at that time.

    That is after the delay or, if workflows are scheduled, at the next time in UTC at which one of them runs after the
    delay. A schedule without a next time is ignored.
    """
    earliest = published_at.astimezone(UTC) + timedelta(seconds=delay_seconds)
    return min(_next_runs(earliest, workflows), default=earliest)


def time_put_off(failures: int) -> timedelta:
    """Return how long an instance is put off after this many failures: a minute at first, doubling up to an hour."""
    return timedelta(seconds=min(_FIRST_PAUSE << min(failures - 1, 10), _LONGEST_PAUSE))


def move_due_instances(
    engine: Engine,
    settings: Settings,
    *,
    now: datetime | None = None,
    batch: int = BATCH,
    stop: Callable[[], bool] = lambda: False,
    progressed: Callable[[], None] = lambda: None,
) -> int:
    """Move instances that are due and need no input, one commit each, and return how many were moved.

    Looks at no more than `batch` instances, an equal share of each solution and release, and stops before the next
    few instances when `stop` returns True. The failure of one instance is logged and the others move, but a lost
    connection is raised. `progressed` is called after each instance that this release needs no further look at. `now`
    defaults to the database's clock.
    """
    with engine.connect() as connection:
        at: datetime = now or connection.execute(text("SELECT now()")).scalar_one()
        groups = list(_due_groups(connection, settings.lazy_update_delay, at))
        connection.rollback()
        sweep = _Sweep(connection, at, batch, stop, progressed)
        sweep.go_round(groups)
    return sweep.moved


@dataclass
class _Group:
    """The instances of a solution that are on a release older than the latest."""

    solution_id: str
    release: int
    latest: int
    cursor: tuple[int, str] = _FIRST
    """The instance that was looked at last, in the order of the index."""
    _breaking: list[Change] | None = None

    def breaking(self, contents: Contents) -> list[Change]:
        """Return the breaking changes between the releases, which are the same for all instances of the group."""
        if self._breaking is None:
            self._breaking = breaking_changes(contents[self.release], contents[self.latest])
        return self._breaking


@dataclass
class _Next:
    """An instance that a sweep looks at: its place in the order of the index, what was read, how often moving it to
    this release has failed, and whether it needs input for the release."""

    place: tuple[int, str]
    state: InstanceState
    failures: int
    needs_input: bool = False


def _place(found: _Next) -> tuple[int, str]:
    return found.place


def _due_groups(connection: Connection, delay: int, at: datetime) -> Iterator[_Group]:
    given = {"at": at, "published_until": at - timedelta(seconds=delay)}
    for row in connection.execute(_GROUPS, given).all():
        try:
            workflows = from_document({"workflows": row.workflows}).workflows
            due = at >= due_at(row.published_at, delay, workflows)
        except Exception as error:
            _log.error("release not looked at", solution_id=row.solution, release=row.release, **_reason(error))
            continue
        if due:
            yield _Group(row.solution, row.release, row.latest)


@dataclass
class _Sweep:
    connection: Connection
    at: datetime
    left: int
    stop: Callable[[], bool]
    progressed: Callable[[], None]
    moved: int = 0
    contents: dict[str, Contents | None] = field(default_factory=dict)
    """The contents of all releases, by solution; None if they cannot be read."""

    def go_round(self, groups: list[_Group]) -> None:
        """Look at some instances of each group, and repeat that while groups have more and the batch is not used up."""
        while groups and self._goes_on():
            share = max(1, self.left // len(groups))
            groups = [group for group in groups if self._look_at_some(group, share)]

    def _goes_on(self) -> bool:
        return self.left > 0 and not self.stop()

    def _look_at_some(self, group: _Group, share: int) -> bool:
        """Look at some instances of a group. Return whether the group may have more."""
        contents = self._contents_of(group.solution_id)
        while contents is not None and share > 0 and self._goes_on():
            looked_at = self._look_at_next(group, contents, min(share, self.left, _TOGETHER))
            if not looked_at:
                return False
            share -= looked_at
        return contents is not None

    def _contents_of(self, solution_id: str) -> Contents | None:
        if solution_id not in self.contents:
            self.contents[solution_id] = self._read_contents(solution_id)
        return self.contents[solution_id]

    def _read_contents(self, solution_id: str) -> Contents | None:
        try:
            with self.connection.begin():
                return read_contents(self.connection, solution_id)
        except Exception as error:
            _raise_if_lost(error)
            _log.error("solution not looked at", solution_id=solution_id, **_reason(error))
            return None

    def _look_at_next(self, group: _Group, contents: Contents, most: int) -> int:
        """Look at the next instances of a group, at most `most`. Return their number, or 0 if the group is finished."""
        try:
            with self.connection.begin():
                found = self._read_next(group, most)
            judged = [each for each in found if self._judge(each, group, contents)]
            results = self._move(judged, group, contents) if judged else []
        except Exception as error:
            _raise_if_lost(error)
            _log.error("solution not looked at", solution_id=group.solution_id, **_reason(error))
            return 0
        for each, result in zip(judged, results, strict=False):
            if result == DONE:
                self.moved += not each.needs_input
                self.progressed()
            elif result != CHANGED:
                failure = database_error(result)
                _raise_if_lost(failure)
                self._put_off(each, group, failure)
        self.left -= len(found)
        # The solution has changed meanwhile if there are fewer results than instances.
        return len(found) if len(results) == len(judged) else 0

    def _read_next(self, group: _Group, most: int) -> list[_Next]:
        given = {
            "solution": group.solution_id,
            "release": group.release,
            "latest": group.latest,
            "passed_over": group.cursor[0],
            "instance": group.cursor[1],
            "at": self.at,
            "most": most,
        }
        found = []
        for row in prepared(self.connection, _NEXT, given).fetchall():
            passed_over, failed_release, failed_times = row[READ_COLUMNS:]
            state = state_of_row(self.connection, row)
            failures = failed_times if failed_release == group.latest else 0
            found.append(_Next((passed_over, state.row.instance_id), state, failures))
        found.sort(key=_place)
        if found:
            group.cursor = found[-1].place
        return found

    def _judge(self, found: _Next, group: _Group, contents: Contents) -> bool:
        """Decide whether an instance needs input. Return False if that fails: the instance is put off."""
        try:
            changes = open_changes(group.breaking(contents), group.latest, contents, found.state.values)
        except Exception as error:
            self._put_off(found, group, error)
            return False
        found.needs_input = bool(changes)
        return True

    def _move(self, judged: Sequence[_Next], group: _Group, contents: Contents) -> list[str]:
        to = Destination(
            group.solution_id, group.latest, group.latest, contents, how=Move.LAZY, given={}, unless_on_hold=True
        )
        return move_many(self.connection, [each.state for each in judged], to, [each.needs_input for each in judged])

    def _put_off(self, found: _Next, group: _Group, error: Exception) -> None:
        """Put off an instance, in a transaction of its own, since that of the attempt was rolled back."""
        instance, times = found.state.row.instance_id, found.failures + 1
        until = self.at + time_put_off(times)
        _log.error("instance not moved", instance_id=instance, again_at=time_text(until), **_reason(error))
        given = {"instance": instance, "latest": group.latest, "times": times, "try_again_at": until}
        try:
            with self.connection.begin():
                self.connection.execute(_PUT_OFF, given)
        except DBAPIError as refused:
            _raise_if_lost(refused)
            _log.error("instance not put off", instance_id=instance, **_reason(refused))


def _raise_if_lost(error: Exception) -> None:
    """Raise a failure that would affect every other instance too: a lost connection, or a full disk."""
    if passing(error) is Passing.AWAY:
        raise error


def _reason(error: Exception) -> dict[str, object]:
    """Return the reason of a failure for the log, with the traceback if the failure is unexpected."""
    if isinstance(error, RelinkError):
        return {"reason": error.description}
    if isinstance(error, DBAPIError):
        return {"reason": refusal(error)}
    return {"reason": type(error).__name__, "exc_info": error}


def _next_runs(after: datetime, workflows: tuple[Workflow, ...]) -> Iterator[datetime]:
    for workflow in workflows:
        if workflow.trigger is Trigger.SCHEDULED and workflow.schedule is not None:
            try:
                yield croniter(workflow.schedule, after).get_next(datetime)
            except (CroniterError, ValueError):
                continue
