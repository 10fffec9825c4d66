"""NodeImport: import nodes in bulk, all or none of them. The nodes are read as a stream."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from sqlalchemy import Connection

from app.errors import NotAuthorisedError, StateError
from app.identity.present_rights import hold_account
from app.nodes.import_document import ImportNode
from app.nodes.importing import import_nodes, may_import
from app.runs.held import HeldRun
from app.runs.kept_responses import compressed
from app.runs.record import is_cancelled
from app.runs.wanted import FORCE, IMPACT, NoContext, WantedRun
from app.services.call import Call, Prepared, Service
from app.services.response import Fields, ServiceResponse

_NAME = "NodeImport"
_LOOK_EVERY = 0.5
_WAIT_FOR_TURN = 600
"""In seconds. The document is stored already, so waiting costs less than sending it again."""


class ImportAction(StrEnum):
    """Whether to check the nodes only, or to import them."""

    IMPACT = "impact"
    FORCE = "force"


@dataclass(frozen=True)
class NodeImportRequest:
    """The nodes, in any order."""

    action: ImportAction = ImportAction.FORCE
    nodes: Iterable[ImportNode] = ()


def check_may_import(call: Call) -> None:
    """Raise NotAuthorisedError (101) if the caller has not signed in, or has no right to import any node."""
    if call.caller.user_identifier is None:
        raise NotAuthorisedError(
            "sign in to import: with HTTP Basic, or with userLogonReference and password before the list of nodes"
        )
    with call.engine.connect() as connection:
        if not may_import(connection, call.caller):
            raise NotAuthorisedError(
                "not authorised to import: you may not create nodes in any package or administer any node"
            )


def run(request: NodeImportRequest, call: Call) -> ServiceResponse:
    """Return how much was or would be written; 105 with the first hundred faults."""
    forced = request.action is ImportAction.FORCE
    if call.run is not None:
        return _done_by_worker(request, call, call.run, forced=forced)
    with call.workload.others.soon(call.user, _WAIT_FOR_TURN), call.engine.connect() as connection:
        response = _imported(connection, request.nodes, call, forced=forced)
        if forced:
            connection.commit()
    return response


def prepare(request: NodeImportRequest, _call: Call) -> Prepared:
    """Return the run of an import that a worker does. The nodes are not read before the import is done."""
    action = FORCE if request.action is ImportAction.FORCE else IMPACT
    return Prepared(WantedRun(_NAME, NoContext(), {}, action), partial(run, request))


def _done_by_worker(request: NodeImportRequest, call: Call, run: HeldRun, *, forced: bool) -> ServiceResponse:
    """Import as a run. A forced import and the end of its run are one transaction: an import is never done twice."""
    try:
        response = _imported(run.connection, _until_cancelled(request.nodes, run), call, forced=forced)
        if forced:
            parts = list(compressed(call.write(_NAME, response)))
            run.record_end(parts, response.error_number)
            run.connection.commit()
            response.written = ()
    finally:
        run.connection.rollback()
    return response


def _imported(connection: Connection, nodes: Iterable[ImportNode], call: Call, *, forced: bool) -> ServiceResponse:
    """Import in the transaction of a connection, and return the response."""
    totals = import_nodes(connection, call.caller, nodes, force=forced)
    if forced:
        hold_account(connection, call.caller)
    fields = Fields(
        ("nodesCreated", totals.nodes_created),
        ("versionsCreated", totals.versions_created),
        ("versionsReplaced", totals.versions_replaced),
        ("membersWritten", totals.members_written),
    )
    return ServiceResponse((fields,))


def _until_cancelled(nodes: Iterable[ImportNode], run: HeldRun) -> Iterator[ImportNode]:
    """Yield the nodes of an import. Raises StateError when its run is cancelled."""
    look_at = time.monotonic()
    for node in nodes:
        if time.monotonic() >= look_at:
            with run.engine.connect() as connection:
                if is_cancelled(connection, run.identifier):
                    raise StateError("the import was cancelled: nothing was imported")
            look_at = time.monotonic() + _LOOK_EVERY
        yield node


SERVICE = Service(_NAME, NodeImportRequest, run, long=True, prepare=prepare)
