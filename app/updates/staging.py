"""Stages the steps of a schedule by COPY, for the procedure that does them.

The first steps are staged on the connection of the run. A thread stages the rest in blocks on a connection of its own,
while the database does the steps before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from threading import Condition
from typing import Final

import psycopg
from psycopg.rows import TupleRow as Row
from sqlalchemy.exc import SQLAlchemyError

from app.database.copy import write_lines
from app.database.engine import driver_connection, single_statements
from app.garbage import collections_paused
from app.runs.held import HeldRun
from app.runs.locks import OF_ANOTHER
from app.updates.steps import Step

BLOCK = 2000
"""The number of steps that are staged at once: the database needs about 0.2 seconds for them."""
MEMBERS: Final = 200_000
"""The most members whose numbers are staged at once, unless a single step writes more."""

_STEP_COLUMNS: Final = (
    "run_identifier, ordinal, node_identifier, edition, kind, version_number, type_version_number,"
    " member_type_numbers, target_numbers, kept, others, list_moves"
)
_UNSTAGE: Final = (
    f"DELETE FROM run_step WHERE run_identifier = %(run)s AND NOT {OF_ANOTHER}",  # noqa: S608
    f"DELETE FROM run_step_other WHERE run_identifier = %(run)s AND NOT {OF_ANOTHER}",  # noqa: S608
)
_OTHER_COLUMNS: Final = "run_identifier, ordinal, node_identifier, edition, version_number, member_type_numbers"


@dataclass
class Staging:
    """The steps of a schedule on their way to the staging tables.

    Their ordinals continue the `steps_before` of earlier rounds. `count` steps have been staged so far. `when_complete`
    is called once, after the last one.
    """

    run: HeldRun
    steps: Iterator[Step]
    steps_before: int
    when_complete: Callable[[], None]
    count: int = 0
    is_complete: bool = False
    _abandoned: bool = False
    _session: int = 0
    """The process number of the session that holds the lock of the run, while the steps are staged."""
    _changed: Condition = field(default_factory=Condition)

    def begin(self) -> None:
        """Stage the first steps."""
        driver = driver_connection(self.run.connection)
        self._session = driver.process
        unstage(driver, self.run.identifier, session=self._session)
        self._stage(driver)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Stage the rest of the steps while the context lasts. What is not staged by then is not needed."""
        if self.is_complete:
            yield
            return
        with ThreadPoolExecutor(1, thread_name_prefix="steps") as threads:
            rest = threads.submit(self._stage_rest)
            rest.add_done_callback(lambda _: self._ended())
            try:
                yield
            except BaseException:
                self._abandoned = True
                wait([rest])
                # If the session of the run was lost, others may have closed the run and deleted its steps before the
                # last block was staged. Or another worker has taken the run, and has staged its own steps.
                with suppress(SQLAlchemyError, psycopg.Error), single_statements(self.run.engine) as driver:
                    unstage(driver, self.run.identifier, session=self._session)
                raise
            self._abandoned = True
            rest.result()

    def wait(self, done: int) -> bool:
        """Wait for more than `done` steps. Returns whether there are more: it is False after the last step."""
        with self._changed:
            self._changed.wait_for(lambda: self.count > done or self.is_complete or self._abandoned)
        return self.count > done

    def _stage_rest(self) -> None:
        with single_statements(self.run.engine) as driver:
            driver.execute("SET synchronous_commit = off")
            try:
                while not self.is_complete and not self._abandoned:
                    self._stage(driver)
            finally:
                if not driver.broken:
                    driver.restore_settings()

    def _ended(self) -> None:
        with self._changed:
            self._abandoned = self._abandoned or not self.is_complete
            self._changed.notify_all()

    def _stage(self, driver: psycopg.Connection[Row]) -> None:
        """Stage the next block of steps."""
        run, before = self.run.identifier, self.steps_before
        with collections_paused():
            steps, is_last = self._next_steps()
            with_others = [step for step in steps if step.users or step.draft_type is not None]
            # The other nodes first: a step that is visible is complete.
            if with_others:
                others = (line for step in with_others for line in _staged_others(run, step, before))
                write_lines(driver, "run_step_other", _OTHER_COLUMNS, others)
            if steps:
                write_lines(driver, "run_step", _STEP_COLUMNS, (_staged(run, step, before) for step in steps))
        if is_last:
            self.when_complete()
        with self._changed:
            self.count += len(steps)
            self.is_complete = is_last
            self._changed.notify_all()

    def _next_steps(self) -> tuple[list[Step], bool]:
        """Return the steps of the next block, and whether there are no more after them."""
        steps: list[Step] = []
        members = 0
        for step in islice(self.steps, BLOCK):
            steps.append(step)
            members += _members(step)
            if members >= MEMBERS:
                return steps, False
        return steps, len(steps) < BLOCK


def unstage(driver: psycopg.Connection[Row], run: int, *, session: int) -> None:
    """Delete the staged steps of a run, unless another session than this one holds the run now.

    That is another attempt of the run, after this one has lost its session: the staged steps are those of the other
    attempt. `session` is the process number of the session that held the run for the staged steps.
    """
    parameters = {"run": run, "session": session}
    for delete in _UNSTAGE:
        driver.execute(delete, parameters)


def _members(step: Step) -> int:
    """Return how many members a step writes the numbers of."""
    written = step.written
    count = len(written.member_type_numbers or ()) + len(written.target_numbers or ())
    return count + sum(len(user.member_type_numbers) for user in step.users or ())


def _staged(run: int, step: Step, steps_before: int) -> str:
    written = step.written
    others = _others(step) if step.users is not None or step.draft_type is not None else r"\N"
    return (
        f"{run}\t{step.ordinal + steps_before}\t{step.node}\t{step.edition}\t{step.kind.value}\t{step.number}"
        f"\t{written.type_number}\t{_array(written.member_type_numbers)}\t{_array(written.target_numbers)}"
        f"\t{_array(written.kept)}\t{others}\t{step.users is not None}\n"
    )


def _others(step: Step) -> int:
    return len(step.users or ()) + (step.draft_type is not None)


def _staged_others(run: int, step: Step, steps_before: int) -> Iterator[str]:
    ordinal = step.ordinal + steps_before
    for user in step.users or ():
        numbers = _array(user.member_type_numbers)
        yield f"{run}\t{ordinal}\t{user.node}\t{user.edition}\t{user.number}\t{numbers}\n"
    if step.draft_type is not None:
        node, edition = step.draft_type
        yield f"{run}\t{ordinal}\t{node}\t{edition}\t0\t\\N\n"


def _array(numbers: Sequence[int | None] | None) -> str:
    """Return numbers as an array in the text format of COPY."""
    if numbers is None:
        return r"\N"
    return "{" + ",".join(["NULL" if number is None else str(number) for number in numbers]) + "}"
