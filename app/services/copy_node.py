"""CopyNode: a new draft from a version of a node, or a new node."""

from __future__ import annotations

from dataclasses import dataclass

from app.nodes.copying import copy_node
from app.nodes.deletion import keep_links
from app.nodes.versions import find_version, version_name
from app.references import VersionKeyword
from app.services.call import Call, CollapsedText, Service
from app.services.identifying_fields import version_fields
from app.services.response import ServiceResponse


@dataclass(frozen=True)
class CopyNodeRequest:
    """A version, and the reference of the copy. Without `node_name_to` the copy has the name of the original."""

    node_version_reference_from: CollapsedText | None = None
    node_reference_to: CollapsedText | None = None
    node_name_to: str | None = None


def run(request: CopyNodeRequest, call: Call) -> ServiceResponse:
    """Return the copy. Raises UserError like `app.nodes.copying.copy_node`."""
    with call.engine.begin() as connection:
        keep_links(connection)
        source = find_version(connection, call.caller, None, request.node_version_reference_from, "_from")
        copy = copy_node(connection, call.caller, source, request.node_reference_to, request.node_name_to)
        number = copy.number(VersionKeyword.LATEST)
        name = None if number is None else version_name(connection, copy.identifier, number)
    return ServiceResponse((version_fields(copy, number, name),))


SERVICE = Service("CopyNode", CopyNodeRequest, run)
