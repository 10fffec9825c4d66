"""Does queued runs: a worker calls the service with the stored request and the rights that the starter has now."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from threading import Event, Thread

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.errors import RelinkError
from app.identity.actor import Actor, ActorKind, act_as, forget_actor
from app.runs import record
from app.runs.held import HeldRun, PutBackError
from app.runs.queued import TakenRun, taken
from app.runs.turns import Shares, Workload
from app.services.call import Call
from app.services.fault_paths import described
from app.services.registry import SERVICES
from app.services.response import ServiceResponse
from app.settings import Settings
from app.web.storage import Storage
from app.wire.decode import decode
from app.wire.import_stream import IMPORT, import_request
from app.wire.request_document import RequestDocument
from app.wire.response_documents import failure_document, written
from app.wire.threads import in_own_thread
from app.wire.tree import valid_tree
from app.wire.uploads import TooManyUploadsError, UploadFile, UploadsFullError
from app.wire.xml_writer import write_parts

_LOOK_EVERY = 0.2

_log = structlog.get_logger("relink.runs")


def do_next(
    engine: Engine, settings: Settings, stop: Callable[[], bool], *, began: Callable[[], None] = lambda: None
) -> bool:
    """Call `began`, then carry out the next queued run to its end. Returns whether a run could begin.

    When `stop` returns true, a force ends after its current node or instance and waits for another worker.
    """
    with taken(engine) as run:
        if run is None:
            return False
        began()
        held = run.held
        act_as(Actor(ActorKind.USER, held.caller.user_identifier))
        try:
            with _stopping(held, stop):
                _do(run, settings)
        except PutBackError:
            _log.info("the run waits for another worker", run_id=held.identifier)
        finally:
            forget_actor()
            gc.collect()  # frees the parsers, as `app.wire.threads` describes
    return True


def _do(run: TakenRun, settings: Settings) -> None:
    held = run.held
    call = Call(
        held.engine,
        held.caller,
        written,
        write_parts,
        run.if_match,
        Workload(Shares.of(settings)),
        run=held,
        settings=settings,
    )
    try:
        response = _imported(run, call, settings) if run.service == IMPORT else _served(run, call)
        if response.written is None:
            held.check_not_cancelled()
            if tag := response.headers.get("ETag"):
                held.record_plan(tag.strip('"'))
            held.end(written(run.service, response), response.error_number, cancelled=False)
    except PutBackError:
        raise
    except (UploadsFullError, TooManyUploadsError) as error:
        held.fail(error, [failure_document(run.service, error)])
    except RelinkError as error:
        held.refuse(error, described(error), [failure_document(run.service, error)])
    _log.info("run", run_id=held.identifier, service=run.service)


def _served(run: TakenRun, call: Call) -> ServiceResponse:
    """Do a small request."""
    document = b"".join(run.request)
    root = valid_tree(RequestDocument(run.service, BytesIO(document), len(document)))
    service = SERVICES[run.service]
    return service.run(decode(service.request, root), call)


def _imported(run: TakenRun, call: Call, settings: Settings) -> ServiceResponse:
    """Do an import, whose document is read several times."""
    owner = call.caller.user_identifier
    with UploadFile(settings.upload_directory, Storage(settings.max_stored_bytes), owner) as upload:
        size = 0
        for block in run.request:
            size += len(block)
            upload.write(block)
        upload.file.seek(0)
        return in_own_thread(partial(_import, RequestDocument(IMPORT, upload.file, size), call))


def _import(document: RequestDocument, call: Call) -> ServiceResponse:
    return SERVICES[IMPORT].run(import_request(document, {}), call)


@contextmanager
def _stopping(run: HeldRun, stop: Callable[[], bool]) -> Iterator[None]:
    """Ask the run to end when `stop` returns true, as long as the context lasts."""
    ended = Event()

    def watch() -> None:
        while not ended.wait(_LOOK_EVERY):
            if stop():
                try:
                    with run.engine.begin() as connection:
                        record.stop(connection, run.identifier)
                except SQLAlchemyError as error:
                    _log.warning("the run cannot be stopped", run_id=run.identifier, error=type(error).__name__)
                else:
                    return

    thread = Thread(target=watch, name=f"run {run.identifier}")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
