"""NodeImport: import nodes in bulk, all or none of them. The nodes are read as a stream."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from app.errors import NotAuthorisedError
from app.identity.present_rights import hold_account
from app.nodes.import_document import ImportNode
from app.nodes.importing import import_nodes, may_import
from app.services.answer import Answer, Fields
from app.services.call import Call, Service

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


def run(request: NodeImportRequest, call: Call) -> Answer:
    """Return how much was or would be written; 105 with the first hundred faults."""
    forced = request.action is ImportAction.FORCE
    with call.workload.others.soon(_WAIT_FOR_TURN), call.engine.connect() as connection:
        totals = import_nodes(connection, call.caller, request.nodes, force=forced)
        if forced:
            hold_account(connection, call.caller)
            connection.commit()
    fields = Fields(
        ("nodesCreated", totals.nodes_created),
        ("versionsCreated", totals.versions_created),
        ("versionsReplaced", totals.versions_replaced),
        ("membersWritten", totals.members_written),
    )
    return Answer((fields,))


SERVICE = Service("NodeImport", NodeImportRequest, run, long=True)
