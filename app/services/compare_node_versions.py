"""CompareNodeVersions: what differs between two versions."""

from __future__ import annotations

from dataclasses import dataclass

from app.database.engine import driver_connection, snapshot
from app.nodes.comparing import MemberDifference, compare_members
from app.nodes.version_content import VisibleContent, VisibleMember, read_version
from app.nodes.versions import Version
from app.references import version_identifier
from app.services.call import Call, CollapsedText, Service
from app.services.identifying_fields import reference_and_name
from app.services.response import Fields, Group, ServiceResponse, Value

_Named = tuple[str, Value]


@dataclass(frozen=True)
class CompareNodeVersionsRequest:
    """Two versions, each by identifier, which takes precedence, or reference."""

    node_version_identifier_from: int | None = None
    node_version_reference_from: CollapsedText | None = None
    node_version_identifier_to: int | None = None
    node_version_reference_to: CollapsedText | None = None


def run(request: CompareNodeVersionsRequest, call: Call) -> ServiceResponse:
    """Return both versions as far as the caller may see them, and the members that differ.

    105 if a version is not found, 101 if the caller may not read it.
    """
    old_names = request.node_version_identifier_from, request.node_version_reference_from
    new_names = request.node_version_identifier_to, request.node_version_reference_to
    with snapshot(call.engine) as connection:
        driver = driver_connection(connection)
        large = call.before_large
        old, old_content = read_version(driver, call.caller, *old_names, "_from", before_large=large)
        new, new_content = read_version(driver, call.caller, *new_names, "_to", before_large=large)
    differences = compare_members(old_content.members, new_content.members)
    head = Fields(
        *_version("From", old, old_content),
        *_version("To", new, new_content),
        ("nameUpdateType", _update_type(old.name, new.name)),
        ("commentUpdateType", _update_type(old_content.comment, new_content.comment)),
        ("typeUpdateType", _update_type(old_content.type, new_content.type)),
    )
    return ServiceResponse((head, Group("MemberDifferenceList", map(_difference, differences))))


def _version(side: str, version: Version, content: VisibleContent) -> tuple[_Named, ...]:
    return (
        (f"nodeVersionIdentifier{side}", version_identifier(version.node.identifier, version.number)),
        (f"nodeVersionReference{side}", f"{version.node.reference}.{version.number}"),
        (f"nodeName{side}", version.name),
        (f"nodeVersionComment{side}", content.comment),
        *reference_and_name(f"nodeVersionReferenceType{side}", f"nodeNameType{side}", content.type),
    )


def _update_type(old: object, new: object) -> str:
    return "none" if old == new else "change"


def _difference(each: MemberDifference) -> Group:
    reference, name = _member_type(each.new or each.old)
    head = (
        ("memberDifferenceType", str(each.kind)),
        ("nodeReferenceMemberType", reference),
        ("nodeNameMemberType", name),
    )
    return Group("MemberDifference", (Fields(*head, *_member("From", each.old), *_member("To", each.new)),))


def _member_type(member: VisibleMember | None) -> tuple[str | None, str | None]:
    """Return the node of a member type, and its name."""
    if member is None or member.member_type is None:
        return None, None
    return member.member_type.node_reference, member.member_type.name


def _member(side: str, member: VisibleMember | None) -> tuple[_Named, ...]:
    if member is None:
        return ()
    return (
        (f"nodeVersionReferenceMemberType{side}", None if member.member_type is None else member.member_type.reference),
        (f"nodeMemberSequence{side}", member.sequence),
        (f"nodeMemberValue{side}", member.value),
        (f"nodeMemberScale{side}", member.scale),
        *reference_and_name(f"nodeVersionReferenceTarget{side}", f"nodeNameTarget{side}", member.target),
        (f"nodeMemberComment{side}", member.comment),
    )


SERVICE = Service("CompareNodeVersions", CompareNodeVersionsRequest, run)
