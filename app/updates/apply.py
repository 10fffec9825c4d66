"""Applies the steps of a schedule: they are staged by COPY and done by a procedure that commits after each node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import TupleRow as Row
from sqlalchemy import Connection

from app.database.copy import write_lines
from app.database.engine import driver_connection
from app.database.failures import Passing, passing
from app.runs.held import HeldRun
from app.updates.steps import Step

_SESSION = """
    SET synchronous_commit = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET plan_cache_mode = force_generic_plan;
"""
_STEP_COLUMNS: Final = (
    "run_identifier, ordinal, node_identifier, edition, kind, version_number, type_version_number,"
    " member_type_numbers, target_numbers, kept, others, list_moves"
)
_OTHER_COLUMNS: Final = "run_identifier, ordinal, node_identifier, edition, version_number, member_type_numbers"


@dataclass(frozen=True)
class Stop:
    """The run stopped at step `ordinal` (from 1, in this schedule) for the reason `why`. Earlier steps are done."""

    ordinal: int
    why: str
    cancelled: bool = False


@contextmanager
def prepared(connection: Connection) -> Iterator[None]:
    """Prepare the session for many small commits, which the last commit of the run makes durable together.

    A step reads and writes a few rows by their keys. The planner has no statistics about newly staged rows, so these
    settings keep it from reading all of them for each step.
    """
    driver = driver_connection(connection)
    driver.autocommit = True
    try:
        driver.execute(_SESSION)
        yield
    finally:
        if not driver.broken:
            driver.restore_settings()
            driver.autocommit = False


def stage(run: HeldRun, steps: Iterable[Step], steps_before: int) -> None:
    """Write the steps to the staging tables, with numbers that continue those of earlier rounds."""
    driver, identifier = driver_connection(run.connection), run.identifier
    others: list[str] = []

    def lines() -> Iterator[str]:
        for step in steps:
            if step.users or step.draft_type is not None:
                others.extend(_staged_others(identifier, step, steps_before))
            yield _staged(identifier, step, steps_before)

    _unstage(driver, identifier)
    write_lines(driver, "run_step", _STEP_COLUMNS, lines())
    if others:
        write_lines(driver, "run_step_other", _OTHER_COLUMNS, others)


def apply(run: HeldRun, steps: int, steps_before: int) -> Stop | None:
    """Do the staged steps; `steps` is their number. Returns None when all are done.

    A step that fails because of a constraint or a deadlock is rolled back alone and returned as a Stop, and so is a
    step whose node was changed meanwhile. Failures that would affect every other node too, such as a lost connection or
    a full disk, are raised as psycopg.Error. The run has then ended, and the same request can finish it later.
    """
    if not steps:
        return None
    driver, identifier = driver_connection(run.connection), run.identifier
    actor = run.caller.user_identifier
    stopped: int | None
    why: str | None
    try:
        row = driver.execute("CALL apply_run(%s, %s, %s, NULL, NULL)", (identifier, actor, steps_before + 1)).fetchone()
        stopped, why = row if row is not None else (None, None)
    except psycopg.Error as error:
        if driver.broken or passing(error) is Passing.AWAY:
            raise
        stopped, why = (
            _first_undone(driver, identifier, steps_before),
            f"the database refused the update ({error.sqlstate})",
        )
    _unstage(driver, identifier)
    if stopped is None:
        return None
    if why == "changed":
        why = "the node was changed by another request during the update"
    return Stop(stopped - steps_before, why or "", cancelled=why == "cancelled")


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


def _first_undone(driver: psycopg.Connection[Row], run: int, steps_before: int) -> int:
    query = "SELECT coalesce(max(ordinal), 0) + 1 FROM run_outcome WHERE run_identifier = %s"
    row = driver.execute(query, (run,)).fetchone()
    return max(row[0] if row is not None else 0, steps_before + 1)


def _unstage(driver: psycopg.Connection[Row], run: int) -> None:
    driver.execute("DELETE FROM run_step WHERE run_identifier = %s", (run,))
    driver.execute("DELETE FROM run_step_other WHERE run_identifier = %s", (run,))
