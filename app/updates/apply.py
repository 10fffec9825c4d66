"""Applies the staged steps of a schedule by a procedure that commits after each node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.rows import TupleRow as Row
from sqlalchemy import Connection

from app.database.engine import driver_connection
from app.database.failures import Passing, passing
from app.runs.held import HeldRun
from app.updates.staging import Staging, unstage

_SESSION = """
    SET synchronous_commit = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET enable_seqscan = off;
    SET plan_cache_mode = force_generic_plan;
"""


@dataclass(frozen=True)
class Stop:
    """The run stopped at step `ordinal` (from 1, in this schedule) for the reason `why`. Earlier steps are done."""

    ordinal: int
    why: str
    cancelled: bool = False


@contextmanager
def many_small_commits(connection: Connection) -> Iterator[None]:
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


def apply(run: HeldRun, staging: Staging) -> Stop | None:
    """Do the steps as they are staged. Returns None when all are done.

    A step that fails because of a constraint or a deadlock is rolled back alone and returned as a Stop, and so is a
    step whose node was changed meanwhile. Failures that would affect every other node too, such as a lost connection or
    a full disk, are raised as psycopg.Error. The run has then ended, and the same request can finish it later.
    """
    driver = driver_connection(run.connection)
    done, stop = 0, None
    with staging.going_on():
        while stop is None and staging.wait(done):
            staged = staging.count
            stop = _applied(run, driver, staging.steps_before, done, staged)
            done = staged
    unstage(driver, run.identifier, session=driver.process)
    return stop


def _applied(run: HeldRun, driver: psycopg.Connection[Row], steps_before: int, done: int, staged: int) -> Stop | None:
    """Do the steps after the first `done`, up to the last that is staged."""
    first, last = steps_before + done + 1, steps_before + staged
    parameters = run.identifier, run.caller.user_identifier, first, last
    stopped: int | None
    why: str | None
    try:
        row = driver.execute("CALL apply_run(%s, %s, %s, %s, NULL, NULL)", parameters).fetchone()
        stopped, why = row if row is not None else (None, None)
    except psycopg.Error as error:
        if driver.broken or passing(error) is Passing.AWAY:
            raise
        stopped = _first_undone(driver, run.identifier, steps_before)
        why = f"the database refused the update ({error.sqlstate})"
    if stopped is None:
        return None
    if why == "changed":
        why = "the node was changed by another request during the update"
    return Stop(stopped - steps_before, why or "", cancelled=why == "cancelled")


def _first_undone(driver: psycopg.Connection[Row], run: int, steps_before: int) -> int:
    query = "SELECT coalesce(max(ordinal), 0) + 1 FROM run_outcome WHERE run_identifier = %s"
    row = driver.execute(query, (run,)).fetchone()
    return max(row[0] if row is not None else 0, steps_before + 1)
