"""The elements of a form: the member types of a type with their rules, and the members that there are."""

from __future__ import annotations

from app.nodes.forms import FormMember, FormMemberType, NodeForm
from app.references import version_identifier
from app.services.identifying_fields import reference_and_name
from app.services.response import Fields, Group


def member_type_list(form: NodeForm) -> Group:
    """Return the list of the member types of a form."""
    return Group("MemberTypeList", tuple(_member_type(each) for each in form.member_types))


def _member_type(each: FormMemberType) -> Group:
    rules = each.rules
    head = Fields(
        ("nodeVersionIdentifierMemberType", version_identifier(*each.version)),
        *reference_and_name("nodeVersionReferenceMemberType", "nodeNameMemberType", each.shown),
        ("listedIndicator", rules is not None),
    )
    members = Group("MemberList", tuple(_member(member) for member in each.members))
    if rules is None:
        return Group("MemberType", (head, members))
    about = Fields(
        ("useValueIndicator", rules.use_value),
        ("useScaleIndicator", rules.use_scale),
        ("useTargetIndicator", rules.use_target),
        ("minimumCardinality", rules.minimum),
        ("maximumCardinality", rules.maximum),
        ("valuePattern", rules.pattern),
    )
    types = Group("TargetTypeList", tuple(Fields(("nodeReference", reference)) for reference in each.target_types))
    return Group("MemberType", (head, about, types, members))


def _member(each: FormMember) -> Group:
    member = each.member
    fields = Fields(
        ("nodeMemberSequence", member.sequence),
        ("nodeMemberValue", member.value),
        ("nodeMemberScale", member.scale),
        *reference_and_name("nodeVersionReferenceTarget", "nodeNameTarget", each.target),
        ("nodeMemberComment", member.comment),
    )
    return Group("Member", (fields,))
