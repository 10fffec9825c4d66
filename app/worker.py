"""The worker: procrastinate's queue on our database, and the sweeps that it runs (design section 6, *Scale*).

Nothing is lost with a job: a job is only the word that somebody should look, and what there is to do stands in our own
tables. Every few seconds one is put into the queue, whichever worker does so. A sweep works in batches; when it has
got something done it invites another worker that has nothing to do, so that all of them soon share in a roll-out.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
import structlog
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from sqlalchemy import Engine

from app.settings import Settings
from app.solutions import lazy, outbox

EVERY_FEW_SECONDS = "* * * * * */5"  # seconds stand last
EVERY_TEN_MINUTES = "*/10 * * * *"
MESSAGES = 50
"""How many messages are sent by one job."""

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_STALLED_AFTER = 60.0
_CONNECT_TIMEOUT = 5
_HIGH = 1

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
@queue.task(name="move_due_instances", queueing_lock="move_due_instances", pass_context=True)
def move_due_instances(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001 - procrastinate gives it
    """Lazy updates. See `app.solutions.lazy`."""
    work = Work.of(context)
    invitation = _Invitation(context)
    moved = lazy.move_due_instances(
        work.engine, work.settings, stop=context.should_abort, progressed=invitation.send_once
    )
    if moved:
        _log.info("instances moved", count=moved)


@queue.periodic(cron=EVERY_FEW_SECONDS)
@queue.task(name="send_messages", queueing_lock="send_messages", priority=_HIGH, pass_context=True)
def send_messages(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001
    """The outbox. See `app.solutions.outbox`."""
    work = Work.of(context)
    webhook = outbox.Webhook.of(work.settings)
    if webhook is None:
        return
    if outbox.send_due(work.engine, webhook, most=MESSAGES, stop=context.should_abort):
        _Invitation(context).send_once()


@queue.periodic(cron=EVERY_TEN_MINUTES)
@queue.task(name="tidy", queueing_lock="tidy", pass_context=True)
async def tidy(context: JobContext, timestamp: int = 0) -> None:  # noqa: ARG001
    """Take the jobs of workers that were killed out of the queue: what they left undone was found again long ago."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_AFTER):
        await manager.finish_job(job, Status.FAILED, delete_job=True)
    await manager.prune_stalled_workers(_STALLED_AFTER)


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
    # We say ourselves when the database is away; the pool does so at each attempt.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    asyncio.run(_run(engine, settings, concurrency))


async def _run(engine: Engine, settings: Settings, concurrency: int) -> None:
    stopping = asyncio.Event()
    clock = asyncio.get_running_loop()
    pause = _FIRST_PAUSE
    with _signals(stopping):
        while not stopping.is_set():
            began = clock.time()
            await _until(stopping, _work(Work(engine, settings), concurrency))
            if clock.time() - began > _LONGEST_PAUSE:
                pause = _FIRST_PAUSE
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


async def _until(stopping: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Work until it is interrupted by whatever it may be, which is logged, or is to stop."""
    working = asyncio.create_task(work)
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    working.cancel()
    try:
        await working
    except asyncio.CancelledError:
        return
    except (ConnectorException, psycopg.Error) as error:
        _log.warning("the database is away", reason=type(error.__cause__ or error).__name__)
    except Exception as error:  # it is to work again
        _log.error("the worker was interrupted", exc_info=error)


async def _work(work: Work, concurrency: int) -> None:
    url = work.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connector = PsycopgConnector(
        conninfo=url,
        min_size=1,
        max_size=concurrency + 3,
        timeout=_CONNECT_TIMEOUT,
        kwargs={"connect_timeout": _CONNECT_TIMEOUT},
    )
    with queue.replace_connector(connector) as app:
        try:
            await app.open_async()
            await app.run_worker_async(
                concurrency=concurrency,
                install_signal_handlers=False,
                delete_jobs="always",
                # On being asked to stop, jobs are told so at once, and end when they see it.
                shutdown_graceful_timeout=0,
                additional_context={"work": work},
            )
        finally:
            await app.close_async()


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
