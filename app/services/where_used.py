"""WhereUsed: list the versions that link to a version, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from app.database.engine import snapshot
from app.nodes.versions import find_version
from app.nodes.where_used import START, Use, where_used
from app.references import split_version_identifier, version_identifier
from app.services.call import Call, CollapsedText, Service
from app.services.identifying_fields import version_fields
from app.services.response import Fields, Group, ServiceResponse


@dataclass(frozen=True)
class WhereUsedRequest:
    """A version by identifier, which takes precedence, or reference, and the place after which the page begins."""

    node_version_identifier: int | None = None
    node_version_reference: CollapsedText | None = None
    depth: int = 1
    distance_after: int | None = None
    node_version_identifier_after: int | None = None
    page_size: int = 100


def run(request: WhereUsedRequest, call: Call) -> ServiceResponse:
    """Return a page, and the start of the next page if there are more uses.

    105 if the version is not found, 101 if the caller may not read it.
    """
    after = START
    if request.node_version_identifier_after:
        after = request.distance_after or 1, split_version_identifier(request.node_version_identifier_after)
    with snapshot(call.engine) as connection:
        version = find_version(connection, call.caller, request.node_version_identifier, request.node_version_reference)
        found = where_used(
            connection, call.caller, version, depth=request.depth, after=after, limit=request.page_size + 1
        )
    page = found[: request.page_size]
    last = page[-1] if len(found) > len(page) else None
    tail = Fields(
        ("distanceAfter", None if last is None else last.distance),
        ("nodeVersionIdentifierAfter", None if last is None else version_identifier(*last.version)),
    )
    return ServiceResponse(
        (version_fields(version.node, version.number, version.name), Group("UseList", map(_use, page)), tail)
    )


def _use(each: Use) -> Group:
    node_identifier, number = each.version
    fields = Fields(
        ("nodeVersionIdentifier", version_identifier(node_identifier, number)),
        ("nodeVersionReference", each.reference),
        ("nodeName", each.name),
        ("nodeIdentifier", node_identifier),
        ("nodeReference", each.reference.rpartition(".")[0]),
        ("nodeVersionNumber", number),
        ("distance", each.distance),
        ("typeIndicator", each.as_type),
        ("memberTypeIndicator", each.as_member_type),
        ("targetIndicator", each.as_target),
    )
    return Group("Use", (fields,))


SERVICE = Service("WhereUsed", WhereUsedRequest, run)
