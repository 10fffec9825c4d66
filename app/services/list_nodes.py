"""ListNodes: list the content of a package, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from app.database.engine import snapshot
from app.nodes.listing import ListedNode, list_nodes
from app.nodes.versions import find_node
from app.services.call import Call, CollapsedText, Service
from app.services.identifying_fields import reference_and_name, version_fields
from app.services.response import Fields, Group, ServiceResponse


@dataclass(frozen=True)
class ListNodesRequest:
    """A package by identifier, which takes precedence, or reference; without a package the whole store."""

    node_identifier: int | None = None
    node_reference: CollapsedText | None = None
    depth: int = 1
    node_reference_after: CollapsedText | None = None
    page_size: int = 100


def run(request: ListNodesRequest, call: Call) -> ServiceResponse:
    """Return a page, and the start of the next page if there are more nodes.

    105 if the package is not found, 101 if the caller may not read it.
    """
    identifier, reference = request.node_identifier, request.node_reference
    with snapshot(call.engine) as connection:
        package = find_node(connection, call.caller, identifier, reference, "node") if identifier or reference else None
        found = list_nodes(
            connection,
            call.caller,
            package,
            depth=request.depth,
            after=request.node_reference_after or "",
            limit=request.page_size + 1,
        )
    page = found[: request.page_size]
    head = () if package is None else (("nodeIdentifier", package.identifier), ("nodeReference", package.reference))
    after = page[-1].node.reference if len(found) > len(page) else None
    nodes = Group("NodeList", (_node(each) for each in page))
    return ServiceResponse((Fields(*head), nodes, Fields(("nodeReferenceAfter", after))))


def _node(each: ListedNode) -> Group:
    fields = Fields(
        ("nodeFrozenVersionNumber", each.node.frozen),
        *reference_and_name("nodeVersionReferenceType", "nodeNameType", each.type),
    )
    return Group("Node", (version_fields(each.node, each.number, each.name), fields))


SERVICE = Service("ListNodes", ListNodesRequest, run)
