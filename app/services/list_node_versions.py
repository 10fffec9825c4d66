"""ListNodeVersions: list the versions of a node, with who created, changed and froze them, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.database.engine import snapshot
from app.identity import right
from app.nodes.history import Person, VersionRecord, read_history
from app.nodes.versions import Node, find_node, version_name
from app.references import MAXIMUM_VERSION_NUMBER, VersionKeyword, version_identifier
from app.services.call import Call, CollapsedText, Service
from app.services.identifying_fields import reference_and_name
from app.services.response import Fields, Group, ServiceResponse, Value
from app.solutions.texts import time_text


@dataclass(frozen=True)
class ListNodeVersionsRequest:
    """A node by identifier, which takes precedence, or reference. The page has the versions before a number."""

    node_identifier: int | None = None
    node_reference: CollapsedText | None = None
    node_version_number_before: int | None = None
    page_size: int = 1000


def run(request: ListNodeVersionsRequest, call: Call) -> ServiceResponse:
    """Return a page, newest first, and the start of the next page if there are more versions.

    105 if the node is not found, 101 if the caller may not read it.
    """
    before = request.node_version_number_before or MAXIMUM_VERSION_NUMBER + 1
    with snapshot(call.engine) as connection:
        node = find_node(connection, call.caller, request.node_identifier, request.node_reference, "node")
        found = read_history(connection, call.caller, node, before=before, limit=request.page_size + 1)
        latest = node.number(VersionKeyword.LATEST)
        name = None if latest is None else version_name(connection, node.identifier, latest)
    page = found[: request.page_size]
    head = Fields(
        ("nodeIdentifier", node.identifier),
        ("nodeReference", node.reference),
        ("nodeName", name),
        ("nodeFrozenVersionNumber", node.frozen),
        ("mayAdminister", node.may(right.ADMINISTER)),
        ("mayUseDraft", node.may(right.USE_DRAFT)),
    )
    versions = Group("VersionList", (_version(node, each) for each in page))
    next_page = page[-1].number if len(found) > len(page) else None
    return ServiceResponse((head, versions, Fields(("nodeVersionNumberBefore", next_page))))


def _version(node: Node, each: VersionRecord) -> Group:
    fields = Fields(
        ("nodeVersionNumber", each.number),
        ("nodeVersionIdentifier", version_identifier(node.identifier, each.number)),
        ("nodeVersionReference", f"{node.reference}.{each.number}"),
        ("nodeName", each.name),
        *reference_and_name("nodeVersionReferenceType", "nodeNameType", each.type),
        ("mayReadType", each.type is not None),
        *_by("Created", each.created_by, each.created_at),
        *_by("Amended", each.amended_by, each.amended_at),
        *_by("Frozen", each.frozen_by, each.frozen_at),
        ("nodeVersionComment", each.comment),
    )
    return Group("Version", (fields,))


def _by(action: str, person: Person | None, at: datetime | None) -> tuple[tuple[str, Value], ...]:
    who = (None, None, None) if person is None else (person.identifier, person.logon_reference, person.name)
    return (
        (f"userIdentifier{action}By", who[0]),
        (f"userLogonReference{action}By", who[1]),
        (f"userName{action}By", who[2]),
        (f"nodeVersionTimestamp{action}", None if at is None else time_text(at)),
    )


SERVICE = Service("ListNodeVersions", ListNodeVersionsRequest, run)
