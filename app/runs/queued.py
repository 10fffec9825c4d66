"""Asynchronous runs: they wait in the queue until a worker takes them. No session holds their locks meanwhile.

The record of a run is the work to do. A job of procrastinate only says that a worker should look for it, so a lost job
loses no run. A run that may not begin yet, because another one works in the same package, stays in the queue.

Users take turns: however many runs one of them has in the queue, the run of another user need not wait for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from procrastinate import App, SyncPsycopgConnector
from sqlalchemy import Connection, Engine, text

from app.database.engine import driver_connection
from app.database.sql_files import sql_file
from app.errors import BusyError, NotAuthorisedError
from app.identity.present_rights import hold_account, read_again
from app.identity.rights import Caller
from app.runs import keys, locks, requests
from app.runs.held import HeldRun
from app.runs.record import DISABLED, Run, RunState, close
from app.runs.wanted import WantedRun

QUEUE: Final = "runs"
INSTANCES_QUEUE: Final = "default"
MESSAGES_QUEUE: Final = "messages"
WORKER_QUEUES: Final = (INSTANCES_QUEUE, MESSAGES_QUEUE, QUEUE)
"""The queues of a process of `relink worker`, which works on all of them."""
TASK: Final = "do_queued_runs"
MOST_WAITING: Final = 100
"""The number of runs of one user that may wait."""

_jobs = App(connector=SyncPsycopgConnector())

_WAITING = text("SELECT count(*) FROM run WHERE asynchronous AND state = 'queued' AND user_identifier = :user")
_FIRST = text(sql_file("app.runs", "first_waiting"))
# A worker renews its sign of life every ten seconds.
_IS_ALIVE = "last_heartbeat > now() - interval '30 seconds'"
_WAITING_FOR = text(f"""
    SELECT (SELECT min(o.run_identifier) FROM run o WHERE run_goes_before(o, q)) AS other,
           NOT q.asynchronous OR EXISTS (SELECT FROM procrastinate_workers WHERE {_IS_ALIVE}) AS has_worker
    FROM run q WHERE q.run_identifier = :run AND q.state = 'queued'
""")  # noqa: S608
_TAKE = text("""
    UPDATE run SET state = 'running', started_at = coalesce(started_at, now()), attempts = attempts + 1
    WHERE run_identifier = :run AND state = 'queued' AND NOT cancel_requested
    RETURNING service, user_identifier, if_match,
              (SELECT coalesce(max(o.ordinal), 0) FROM run_outcome o WHERE o.run_identifier = :run) AS done
""")
_WORKERS = text(f"""
    SELECT CAST(ceil(count(*) FILTER (WHERE {_IS_ALIVE}) / CAST(:queues AS numeric)) AS integer), max(last_heartbeat)
    FROM procrastinate_workers
""")  # noqa: S608


class WaitingFor(StrEnum):
    """What a queued run waits for: that another run ends, that a worker is started, or that a worker is free."""

    RUN = "run"
    WORKER = "worker"
    TURN = "turn"


@dataclass(frozen=True)
class Waiting:
    """What a queued run waits for, and the number of the run that has to end first."""

    what: WaitingFor
    run: int | None = None


@dataclass(frozen=True)
class TakenRun:
    """A run that this worker has taken out of the queue, its service, and the plan that must hold."""

    held: HeldRun
    service: str
    if_match: str | None

    @property
    def request(self) -> Iterator[bytes]:
        """The stored request, in blocks."""
        return requests.kept(self.held.engine, self.held.identifier)


def enqueue(engine: Engine, caller: Caller, wanted: WantedRun, document: Iterable[bytes], most: int) -> int:
    """Record a run with its request, for a worker, and return its identifier.

    The requests of all waiting runs together may have `most` bytes, compressed. Raises RequestTooLargeError, BusyError
    if too much is waiting, and the exceptions of `keys.check`.
    """
    with engine.begin() as connection:
        run = wanted.record(connection, caller, RunState.QUEUED, asynchronous=True)
        requests.keep(connection, run, document, most)
        hold_account(connection, caller)
        locks.lock_registry(connection)
        keys.check(connection, caller, wanted.key)
        keys.give(connection, caller, wanted.key, run)
        if connection.execute(_WAITING, {"user": caller.user_identifier}).scalar_one() > MOST_WAITING:
            raise BusyError(f"{MOST_WAITING} runs of this user are waiting for a worker: send the request again later")
        _jobs.configure_task(TASK, queue=QUEUE, connection=driver_connection(connection)).defer()
    return run


def waiting(connection: Connection, run: Run) -> Waiting | None:
    """Return what a run waits for, or None if it does not wait."""
    if run.state is not RunState.QUEUED:
        return None
    found = connection.execute(_WAITING_FOR, {"run": run.identifier}).one_or_none()
    if found is None:  # It has begun meanwhile.
        return None
    if found.other is not None:
        return Waiting(WaitingFor.RUN, found.other)
    return Waiting(WaitingFor.TURN if found.has_worker else WaitingFor.WORKER)


@dataclass(frozen=True)
class Workers:
    """How many processes of `relink worker` are alive, and when the last one has given a sign of life."""

    alive: int
    last_sign: datetime | None


def read_workers(connection: Connection) -> Workers:
    """Read the signs of life of the workers. A process has a row for each queue."""
    row = connection.execute(_WORKERS, {"queues": len(WORKER_QUEUES)}).one()
    return Workers(row[0], row[1])


@contextmanager
def taken(engine: Engine) -> Iterator[TakenRun | None]:
    """Take the next run out of the queue, and hold its lock until this `with` statement ends.

    Yields None if no run may begin.
    """
    with engine.connect() as connection:
        run = _taken(engine, connection)
        try:
            yield run
        finally:
            if run is not None:
                locks.release(connection, run.held.identifier)


def _taken(engine: Engine, connection: Connection) -> TakenRun | None:
    skipped: list[int] = []
    while True:
        with connection.begin():
            locks.lock_registry(connection)
            run = connection.execute(_FIRST, {"skipped": skipped}).scalar_one_or_none()
            if run is None:
                return None
            skipped.append(run)
            # The lock is not free if another worker has just put the run back, and has not released it yet.
            if not locks.try_lock(connection, run):
                continue
            found = connection.execute(_TAKE, {"run": run}).one_or_none()
            caller = None if found is None else _starter(connection, found.user_identifier)
            if found is not None and caller is None:
                close(connection, run, RunState.CANCELLED, None, DISABLED)
        if found is not None and caller is not None:
            held = HeldRun(run, engine, connection, caller, found.done)
            return TakenRun(held, found.service, found.if_match)
        locks.release(connection, run)


def _starter(connection: Connection, user: int | None) -> Caller | None:
    """Return the starter of a run with the rights that they have now, or None if the account is disabled."""
    try:
        return None if user is None else read_again(connection, Caller(user, ()))
    except NotAuthorisedError:
        return None
