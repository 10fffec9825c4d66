"""GetNode: one version, with its type and members."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.database.engine import single_statements
from app.nodes.version_content import VisibleMember, read_version
from app.services.call import Call, CollapsedText, Service
from app.services.identifying_fields import reference_and_name, version_fields
from app.services.response import Fields, Group, ServiceResponse


class MemberDetailLevel(StrEnum):
    """Whether the response has members."""

    NONE = "none"
    FULL = "full"


@dataclass(frozen=True)
class GetNodeRequest:
    """A version by identifier, which takes precedence, or reference."""

    node_version_identifier: int | None = None
    node_version_reference: CollapsedText | None = None
    member_detail_level: MemberDetailLevel = MemberDetailLevel.FULL


def run(request: GetNodeRequest, call: Call) -> ServiceResponse:
    """Return a version that the caller may read; 105 if it is not found, 101 if the caller may not read it."""
    full = request.member_detail_level is MemberDetailLevel.FULL
    with single_statements(call.engine) as driver:
        version, content = read_version(
            driver,
            call.caller,
            request.node_version_identifier,
            request.node_version_reference,
            members=full,
            before_large=call.before_large,
        )
    head = Fields(
        ("nodeFrozenVersionNumber", version.node.frozen),
        ("nodeVersionComment", content.comment),
        *reference_and_name("nodeVersionReferenceType", "nodeNameType", content.type),
    )
    members = (Group("MemberList", tuple(_member(member) for member in content.members)),) if full else ()
    return ServiceResponse((version_fields(version.node, version.number, version.name), head, *members))


def _member(member: VisibleMember) -> Group:
    fields = Fields(
        *reference_and_name("nodeVersionReferenceMemberType", "nodeNameMemberType", member.member_type),
        ("nodeMemberSequence", member.sequence),
        ("nodeMemberValue", member.value),
        ("nodeMemberScale", member.scale),
        *reference_and_name("nodeVersionReferenceTarget", "nodeNameTarget", member.target),
        ("nodeMemberComment", member.comment),
    )
    return Group("Member", (fields,))


SERVICE = Service("GetNode", GetNodeRequest, run)
