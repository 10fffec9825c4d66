"""Doing the steps of a schedule: staged by COPY, done by a procedure that commits per node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.rows import TupleRow as Row
from sqlalchemy import Connection

from app.database.copy import write_rows
from app.database.engine import driver_connection
from app.database.failures import Passing, passing
from app.runs.held import HeldRun
from app.updates.steps import Schedule, Step

_SESSION = """
    SET synchronous_commit = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET plan_cache_mode = force_generic_plan;
"""
_STEP_COLUMNS = (
    "run_identifier, ordinal, node_identifier, edition, kind, version_number,"
    " type_node_identifier, type_version_number, removed, user_nodes, user_editions"
)


@dataclass(frozen=True)
class Stop:
    """Steps before `ordinal` (from 1, in this schedule) are done; this one was not, for the reason given."""

    ordinal: int
    why: str
    cancelled: bool = False


@contextmanager
def prepared(connection: Connection) -> Iterator[None]:
    """Set the session up for many small commits, which the run's last commit makes durable together.

    A step touches a handful of rows by their keys; the planner, which knows nothing of freshly staged rows, is
    kept from reading all of them for each step.
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


def stage(run: HeldRun, order: Schedule, steps_before: int) -> None:
    """Put the steps where the procedure finds them, numbered on from those of earlier rounds."""
    driver, identifier = driver_connection(run.connection), run.identifier
    _unstage(driver, identifier)
    write_rows(driver, "run_step", _STEP_COLUMNS, (_staged(identifier, step, steps_before) for step in order.steps))
    sources = (
        (identifier, node, number, ordinal + steps_before if ordinal else 0) for node, number, ordinal in order.sources
    )
    write_rows(driver, "run_source", "run_identifier, node_identifier, version_number, ordinal", sources)


def apply(run: HeldRun, order: Schedule, steps_before: int) -> Stop | None:
    """Do the staged steps, and return None when all are done.

    A step that a constraint or a deadlock refuses is rolled back by itself and is returned as a Stop, and so is one
    whose node was changed meanwhile. Failures that would meet every other node too, such as a lost connection or a full
    disk, are raised as psycopg.Error: the run is over, and the same request finishes it later.
    """
    if not order.steps:
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
        why = "the node was changed by somebody else during the update"
    return Stop(stopped - steps_before, why or "", cancelled=why == "cancelled")


def _staged(run: int, step: Step, steps_before: int) -> Row:
    type_node, type_number = step.new_type or (None, None)
    users = None if step.users is None else [node for node, _ in step.users]
    editions = None if step.users is None else [edition for _, edition in step.users]
    return (
        run,
        step.ordinal + steps_before,
        step.node,
        step.edition,
        step.kind.value,
        step.number,
        type_node,
        type_number,
        step.removed,
        users,
        editions,
    )


def _first_undone(driver: psycopg.Connection[Row], run: int, steps_before: int) -> int:
    query = "SELECT coalesce(max(ordinal), 0) + 1 FROM run_outcome WHERE run_identifier = %s"
    row = driver.execute(query, (run,)).fetchone()
    return max(row[0] if row is not None else 0, steps_before + 1)


def _unstage(driver: psycopg.Connection[Row], run: int) -> None:
    driver.execute("DELETE FROM run_step WHERE run_identifier = %s", (run,))
    driver.execute("DELETE FROM run_source WHERE run_identifier = %s", (run,))
