"""NodeImport: nodes in bulk, all or nothing. The nodes come as a stream."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from app.nodes.importing import ImportNode, import_nodes
from app.services.answer import Answer, Fields
from app.services.call import Call, Service


class ImportAction(StrEnum):
    """Only check, or do it."""

    IMPACT = "impact"
    FORCE = "force"


@dataclass(frozen=True)
class NodeImportRequest:
    """The nodes, in any order."""

    action: ImportAction = ImportAction.FORCE
    nodes: Iterable[ImportNode] = ()


def run(request: NodeImportRequest, call: Call) -> Answer:
    """Answer how much was, or would be, written; 105 with the first hundred faults."""
    forced = request.action is ImportAction.FORCE
    with call.engine.connect() as connection:
        totals = import_nodes(connection, call.caller, request.nodes, force=forced)
        if forced:
            connection.commit()
    fields = Fields(
        ("nodesCreated", totals.nodes_created),
        ("versionsCreated", totals.versions_created),
        ("versionsReplaced", totals.versions_replaced),
        ("membersWritten", totals.members_written),
    )
    return Answer((fields,))


SERVICE = Service("NodeImport", NodeImportRequest, run)
