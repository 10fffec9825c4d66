"""The worker: procrastinate's queue on our database, and the sweeps that it runs.

Nothing is lost with a job: a job is only the word that somebody should look, and what there is to do stands in our own
tables. Every few seconds one is put into the queue, whichever worker does so. A sweep works in batches; when it has
got something done it invites another worker that has nothing to do, so that all of them soon share in a roll-out.

Messages have a queue of their own, and whoever takes jobs from it takes none from the other: instances do not wait for
a receiver that takes its time.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Iterable, Iterator, Sequence
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
from app.settings import Settings
from app.solutions import messages
from app.solutions.rollout import lazy_updates

EVERY_FEW_SECONDS = "* * * * * */5"  # seconds stand last
EVERY_TEN_SECONDS = "* * * * * */10"
EVERY_TEN_MINUTES = "*/10 * * * *"
MESSAGES = 50
"""How many messages are sent by one job at most."""
SENDING_TIME = 5.0
"""After how many seconds a job begins with no other message."""

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_STALLED_AFTER = 60.0
# A job has ended by then: what takes longer does not know that it is to.
_LATE_AFTER = messages.TIMEOUT + 5

_INSTANCES_QUEUE = "default"
_MESSAGES_QUEUE = "messages"

_log = structlog.get_logger("relink.worker")
queue = App(connector=PsycopgConnector())
"""Its tasks. The database comes with `run_worker`."""


@dataclass(frozen=True)
class Work:
    """What the tasks work on."""

    engine: Engine
    settings: Settings

    @classmethod
    def of(cls, context: JobContext) -> Work:
        """That of the worker that runs a job."""
        work = context.additional_context["work"]
        if not isinstance(work, cls):
            raise TypeError("the worker was not started by run_worker")
        return work


@queue.periodic(cron=EVERY_FEW_SECONDS)
@queue.task(name="move_due_instances", queue=_INSTANCES_QUEUE, queueing_lock="move_due_instances", pass_context=True)
def move_due_instances(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001 - procrastinate gives it
    """Lazy updates. See `app.solutions.rollout.lazy_updates`."""
    work = Work.of(context)
    act_as(Actor(ActorKind.WORKER))
    invitation = _Invitation(context)
    moved = lazy_updates.move_due_instances(
        work.engine, work.settings, stop=context.should_abort, progressed=invitation.send_once
    )
    if moved:
        _log.info("instances moved", count=moved)


@queue.periodic(cron=EVERY_FEW_SECONDS)
@queue.task(name="send_messages", queue=_MESSAGES_QUEUE, queueing_lock="send_messages", pass_context=True)
def send_messages(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001
    """Send messages that are due. See `app.solutions.messages`."""
    work = Work.of(context)
    webhook = messages.Webhook.of(work.settings)
    if webhook is None:
        return
    if messages.send_due(work.engine, webhook, most=MESSAGES, within=SENDING_TIME, stop=context.should_abort):
        _Invitation(context).send_once()


@queue.periodic(cron=EVERY_TEN_MINUTES)
@queue.task(name="tidy", queue=_INSTANCES_QUEUE, queueing_lock="tidy", pass_context=True)
async def tidy(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001
    """Take the jobs of workers that were killed out of the queue: what they left undone was found again long ago."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_AFTER):
        await manager.finish_job(job, Status.FAILED, delete_job=True)
    await manager.prune_stalled_workers(_STALLED_AFTER)


@queue.periodic(cron=EVERY_TEN_MINUTES)
@queue.task(name="tidy_audit", queue=_INSTANCES_QUEUE, queueing_lock="tidy_audit", pass_context=True)
def tidy_audit(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001
    """The audit, and networks of sign-ins. See `app.tidying`."""
    work = Work.of(context)
    tidying.tidy_audit(work.engine, work.settings, stop=context.should_abort)


@queue.periodic(cron=EVERY_TEN_MINUTES)
@queue.task(name="tidy_messages", queue=_INSTANCES_QUEUE, queueing_lock="tidy_messages", pass_context=True)
def tidy_messages(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001
    """Old messages, whether or not any are sent. See `app.solutions.messages`."""
    messages.tidy(Work.of(context).engine, stop=context.should_abort)


@queue.periodic(cron=EVERY_TEN_SECONDS)
@queue.task(name="tidy_runs", queue=_INSTANCES_QUEUE, queueing_lock="tidy_runs", pass_context=True)
def tidy_runs(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001
    """Dead runs and old ones. See `app.tidying`."""
    work = Work.of(context)
    tidying.tidy_runs(work.engine, work.settings, stop=context.should_abort)


@dataclass
class _Invitation:
    """A job like the present one, for any worker that has nothing to do."""

    context: JobContext
    sent: bool = False

    def send_once(self) -> None:
        if self.sent:
            return
        self.sent = True
        with suppress(AlreadyEnqueued):
            self.context.task.defer()


def run_worker(engine: Engine, settings: Settings, concurrency: int) -> None:
    """Work until SIGTERM or SIGINT, and end after the present instances or messages; a second signal ends it at once.

    A worker that loses the database tries again until it is back.
    """
    # We say ourselves when the database is not available; the pool does so at each attempt.
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
                await _work(Work(engine, settings), concurrency, stopping)
            except (ConnectorException, psycopg.Error) as error:
                cause = error.__cause__ or error
                found = database_failure(cause)
                _log.warning("the database cannot be used", reason=found.message if found else type(cause).__name__)
            except Exception as error:  # it is to work again
                _log.error("the worker was interrupted", exc_info=error)
            if clock.time() - began > _LONGEST_PAUSE:
                pause = _FIRST_PAUSE
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


async def _work(work: Work, concurrency: int, stopping: asyncio.Event) -> None:
    arguments = driver_arguments(work.engine)

    async def configure(connection: psycopg.AsyncConnection[Row]) -> None:
        await connection.execute(settings_statement(arguments["options"]))
        await connection.commit()

    at_once = {_INSTANCES_QUEUE: concurrency, _MESSAGES_QUEUE: 1}
    connector = PsycopgConnector(
        conninfo="",
        min_size=1,
        # One for each job, and for each of the two that run them what it needs itself.
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


def _worker(app: App, queue_name: str, work: Work, concurrency: int) -> Worker:
    """What `App.run_worker_async` runs: it can be told to stop, and need not be cancelled."""
    return Worker(
        app,
        name=queue_name,
        queues=[queue_name],
        concurrency=concurrency,
        install_signal_handlers=False,
        delete_jobs="always",
        # On being asked to stop, jobs are told so at once, and end when they see it.
        shutdown_graceful_timeout=0,
        additional_context={"work": work},
    )


async def _side_by_side(stopping: asyncio.Event, workers: Sequence[Worker]) -> None:
    """Work until it is to stop, or until one of them ends, which ends the others: none is to be missing unnoticed.

    Raises what one of them raised.
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
    """End tasks that have not ended, and raise what one of them raised.

    They are cancelled until they have: before Python 3.12, `asyncio.wait_for`, by which psycopg waits, may miss it.
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
    numbers = (signal.SIGTERM, signal.SIGINT)

    def stop() -> None:
        _log.info("the worker ends after its present work")
        stopping.set()
        for number in numbers:
            loop.remove_signal_handler(number)

    for number in numbers:
        loop.add_signal_handler(number, stop)
    yield
