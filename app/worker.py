"""The worker: runs the tasks of procrastinate's queue on our database.

A job only says that a task should look for work; the work itself is recorded in our own tables, so losing a job loses
no work. Every few seconds a worker puts a job into the queue. A task works in batches. When it has done some work, it
puts another job into the queue for a worker that is idle, so that all workers soon share in a roll-out.

Messages and runs have queues of their own, so that instances wait neither for a receiver that responds slowly nor for a
long run.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
import structlog
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from procrastinate.worker import Worker
from psycopg.rows import TupleRow as Row
from sqlalchemy import Engine

from app import tidying
from app.database.engine import driver_arguments
from app.database.failures import database_failure
from app.database.session import CONNECT_TIMEOUT, settings_statement
from app.identity.actor import Actor, ActorKind, act_as
from app.runs.queued import INSTANCES_QUEUE, MESSAGES_QUEUE, WORKER_QUEUES
from app.runs.queued import QUEUE as RUNS_QUEUE
from app.runs.queued import TASK as RUNS_TASK
from app.settings import Settings
from app.solutions import messages
from app.solutions.rollout import lazy_updates
from app.wire import queued_runs

EVERY_FEW_SECONDS = "* * * * * */5"  # seconds are the last field
EVERY_TEN_SECONDS = "* * * * * */10"
EVERY_TEN_MINUTES = "*/10 * * * *"
MESSAGES = 50
"""One job sends at most this many messages."""
SENDING_TIME = 5.0
"""After this many seconds a job sends no further message."""

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_STALLED_AFTER = 60.0
# Every job that has noticed the request to stop has ended by then.
_LATE_AFTER = messages.TIMEOUT + 5

_log = structlog.get_logger("relink.worker")
queue = App(connector=PsycopgConnector())
"""The tasks of the worker. `run_worker` connects the queue to the database."""


@dataclass(frozen=True)
class TaskResources:
    """The database and the settings that the tasks work with."""

    engine: Engine
    settings: Settings

    @classmethod
    def of(cls, context: JobContext) -> TaskResources:
        """Return the work of the worker that runs a job."""
        work = context.additional_context["work"]
        if not isinstance(work, cls):
            raise TypeError("the worker was not started by run_worker")
        return work


@queue.periodic(cron=EVERY_FEW_SECONDS)
@queue.task(name="move_due_instances", queue=INSTANCES_QUEUE, queueing_lock="move_due_instances", pass_context=True)
def move_due_instances(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001 - procrastinate gives it
    """Do lazy updates that are due. See `app.solutions.rollout.lazy_updates`."""
    work = TaskResources.of(context)
    act_as(Actor(ActorKind.WORKER))
    next_job = _NextJob(context)
    moved = lazy_updates.move_due_instances(
        work.engine, work.settings, stop=context.should_abort, progressed=next_job.send_once
    )
    if moved:
        _log.info("instances moved", count=moved)


@queue.periodic(cron=EVERY_FEW_SECONDS)
@queue.task(name="send_messages", queue=MESSAGES_QUEUE, queueing_lock="send_messages", pass_context=True)
def send_messages(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001
    """Send messages that are due. See `app.solutions.messages`."""
    work = TaskResources.of(context)
    webhook = messages.Webhook.of(work.settings)
    if webhook is None:
        return
    if messages.send_due(work.engine, webhook, most=MESSAGES, within=SENDING_TIME, stop=context.should_abort):
        _NextJob(context).send_once()


@queue.periodic(cron=EVERY_TEN_MINUTES)
@queue.task(name="announce_expiries", queue=MESSAGES_QUEUE, queueing_lock="announce_expiries", pass_context=True)
def announce_expiries(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001
    """Write messages about authentications that expire soon. See `app.solutions.messages`."""
    messages.announce_expiries(TaskResources.of(context).engine, stop=context.should_abort)


@queue.periodic(cron=EVERY_FEW_SECONDS)
@queue.task(name=RUNS_TASK, queue=RUNS_QUEUE, queueing_lock=RUNS_TASK, pass_context=True)
def do_queued_runs(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001
    """Do runs that wait for a worker, one after the other. See `app.wire.queued_runs`."""
    work = TaskResources.of(context)
    next_job = _NextJob(context)
    while not context.should_abort() and queued_runs.do_next(
        work.engine, work.settings, context.should_abort, began=next_job.send_once
    ):
        pass


@queue.periodic(cron=EVERY_TEN_MINUTES)
@queue.task(name="tidy", queue=INSTANCES_QUEUE, queueing_lock="tidy", pass_context=True)
async def tidy(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001
    """Delete the jobs of workers that were killed: later jobs have found the remaining work by now."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_AFTER):
        await manager.finish_job(job, Status.FAILED, delete_job=True)
    await manager.prune_stalled_workers(_STALLED_AFTER)


@queue.periodic(cron=EVERY_TEN_MINUTES)
@queue.task(name="tidy_audit", queue=INSTANCES_QUEUE, queueing_lock="tidy_audit", pass_context=True)
def tidy_audit(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001
    """Delete old rows of the audit, and old networks of sign-ins. See `app.tidying`."""
    work = TaskResources.of(context)
    tidying.tidy_audit(work.engine, work.settings, stop=context.should_abort)


@queue.periodic(cron=EVERY_TEN_MINUTES)
@queue.task(name="tidy_messages", queue=INSTANCES_QUEUE, queueing_lock="tidy_messages", pass_context=True)
def tidy_messages(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001
    """Delete old messages, whether or not messages are sent. See `app.solutions.messages`."""
    messages.tidy(TaskResources.of(context).engine, stop=context.should_abort)


@queue.periodic(cron=EVERY_TEN_SECONDS)
@queue.task(name="tidy_runs", queue=INSTANCES_QUEUE, queueing_lock="tidy_runs", pass_context=True)
def tidy_runs(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001
    """Record dead runs as interrupted, and delete old runs. See `app.tidying`."""
    work = TaskResources.of(context)
    tidying.tidy_runs(work.engine, work.settings, stop=context.should_abort)


@dataclass
class _NextJob:
    """Puts another job of the same task into the queue, for any worker that is idle."""

    context: JobContext
    sent: bool = False

    def send_once(self) -> None:
        if self.sent:
            return
        self.sent = True
        with suppress(AlreadyEnqueued):
            self.context.task.defer()


def run_worker(engine: Engine, settings: Settings, concurrency: int) -> None:
    """Work until SIGTERM, SIGINT or SIGHUP, then end after the current instances or messages. A second ends it at once.

    A worker that loses the database retries until the database is back.
    """
    # `_run` logs that the database is not available; the pool would log each attempt.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    asyncio.run(_run(engine, settings, concurrency))


async def _run(engine: Engine, settings: Settings, concurrency: int) -> None:
    stopping = asyncio.Event()
    clock = asyncio.get_running_loop()
    pause = _FIRST_PAUSE
    with _signals(stopping):
        while not stopping.is_set():
            began = clock.time()
            try:
                await _work(TaskResources(engine, settings), concurrency, stopping)
            except (ConnectorException, psycopg.Error) as error:
                cause = error.__cause__ or error
                found = database_failure(cause)
                _log.warning("the database cannot be used", reason=found.message if found else type(cause).__name__)
            except Exception as error:  # a defect must not end the worker
                _log.error("the worker was interrupted", exc_info=error)
            if clock.time() - began > _LONGEST_PAUSE:
                pause = _FIRST_PAUSE
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


async def _work(work: TaskResources, concurrency: int, stopping: asyncio.Event) -> None:
    arguments = driver_arguments(work.engine)

    async def configure(connection: psycopg.AsyncConnection[Row]) -> None:
        await connection.execute(settings_statement(arguments["options"]))
        await connection.commit()

    at_once = {name: 1 if name == MESSAGES_QUEUE else concurrency for name in WORKER_QUEUES}
    # asyncio's own executor has few threads on a small machine.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(sum(at_once.values())))
    connector = PsycopgConnector(
        conninfo="",
        min_size=1,
        # A connection for each job, and those that the procrastinate workers need themselves.
        max_size=sum(at_once.values()) + 3 * len(at_once),
        timeout=CONNECT_TIMEOUT + 1,
        kwargs=arguments,
        configure=configure,
    )
    with queue.replace_connector(connector) as app:
        try:
            opening = asyncio.create_task(_open(app))
            await _until_stopping_or_one_ends(stopping, [opening])
            await _cancelled([opening])
            if not stopping.is_set():
                await _side_by_side(stopping, [_worker(app, name, work, count) for name, count in at_once.items()])
        finally:
            await app.close_async()


async def _open(app: App) -> None:
    await app.open_async()


def _worker(app: App, queue_name: str, work: TaskResources, concurrency: int) -> Worker:
    """Return a procrastinate worker. Unlike `App.run_worker_async`, it has a method that stops it."""
    return Worker(
        app,
        name=queue_name,
        queues=[queue_name],
        concurrency=concurrency,
        install_signal_handlers=False,
        delete_jobs="always",
        # A stop request reaches the jobs at once; each ends when it notices.
        shutdown_graceful_timeout=0,
        additional_context={"work": work},
    )


async def _side_by_side(stopping: asyncio.Event, workers: Sequence[Worker]) -> None:
    """Run the workers until `stopping` is set or one of them ends; then stop all of them.

    Raises the exception of a worker that failed.
    """
    running = [
        asyncio.create_task(worker.run())  # type: ignore[no-untyped-call]
        for worker in workers
    ]
    await _until_stopping_or_one_ends(stopping, running)
    for worker in workers:
        worker.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait(running, timeout=_LATE_AFTER)
    await _cancelled(running)


async def _until_stopping_or_one_ends(stopping: asyncio.Event, tasks: Iterable[asyncio.Task[None]]) -> None:
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    """End the tasks that have not ended. Raises the exception of a task that failed.

    The tasks are cancelled repeatedly: psycopg waits by `asyncio.wait_for`, which may lose a cancellation before
    Python 3.12.
    """
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=1)
    for task in tasks:
        if not task.cancelled():
            task.result()


@contextmanager
def _signals(stopping: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as with nohup
        numbers.append(signal.SIGHUP)

    def stop() -> None:
        _log.info("the worker ends after its current work")
        stopping.set()
        for number in numbers:
            loop.remove_signal_handler(number)

    for number in numbers:
        loop.add_signal_handler(number, stop)
    yield
