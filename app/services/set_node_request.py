"""The elements of a SetNode request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.nodes.editing import GivenEdit, GivenReference
from app.nodes.merging import GivenMember, GivenMemberType
from app.nodes.resolving import NamedVersion
from app.services.call import CollapsedText, Verbatim


class EditAction(StrEnum):
    """Return a form for a new node or for a draft; create a node; edit a draft, or only check that."""

    NEW = "new"
    EDIT = "edit"
    CREATE = "create"
    UPDATE = "update"
    IMPACT = "impact"
    FORCE = "force"


@dataclass(frozen=True)
class NodeReferenceSection:
    """The reference of a new node, in full or as its package and its last part."""

    node_reference: CollapsedText | None = None
    node_reference_package: CollapsedText | None = None
    node_local_reference: CollapsedText | None = None


@dataclass(frozen=True)
class NodeVersionCommentSection:
    """The comment of the version. An empty one removes it."""

    node_version_comment: str | None = None


@dataclass(frozen=True)
class MemberElement:
    """A member: a stored one by its sequence, or a new one."""

    node_member_sequence: int | None = None
    node_member_sequence_new: int | None = None
    node_member_value: Verbatim | None = None
    node_member_scale: float | None = None
    node_version_identifier_target: int | None = None
    node_version_reference_target: CollapsedText | None = None
    node_version_identifier_target_new: int | None = None
    node_version_reference_target_new: CollapsedText | None = None
    delete_member_indicator: bool = False
    retain_member_indicator: bool = False
    node_member_comment: str | None = None

    def given(self) -> GivenMember:
        """Return the member in the words of the domain. The new target takes precedence."""
        target, field = (
            NamedVersion(self.node_version_identifier_target_new, self.node_version_reference_target_new),
            "_new",
        )
        if not target.given:
            target, field = NamedVersion(self.node_version_identifier_target, self.node_version_reference_target), ""
        return GivenMember(
            self.node_member_sequence,
            self.node_member_sequence_new,
            self.node_member_value,
            self.node_member_scale,
            target,
            f"{_named_by(target)}_target{field}",
            self.node_member_comment,
            self.delete_member_indicator,
            self.retain_member_indicator,
        )


@dataclass(frozen=True)
class MemberTypeElement:
    """The members of a member type that are added, changed or removed."""

    node_version_identifier_member_type: int | None = None
    node_version_reference_member_type: CollapsedText | None = None
    member_list: tuple[MemberElement, ...] = ()

    def given(self) -> GivenMemberType:
        """Return the member type in the words of the domain."""
        wanted = NamedVersion(self.node_version_identifier_member_type, self.node_version_reference_member_type)
        members = [member.given() for member in self.member_list]
        return GivenMemberType(wanted, f"{_named_by(wanted)}_member_type", members)


@dataclass(frozen=True)
class SetNodeRequest:
    """A new node by its type and reference, or a draft, and what its version is to hold."""

    action: EditAction = EditAction.EDIT
    node_version_identifier_type: int | None = None
    node_version_reference_type: CollapsedText | None = None
    node_version_identifier: int | None = None
    node_version_reference: CollapsedText | None = None
    node_edition: int | None = None
    node_name: str | None = None
    node_reference_section: NodeReferenceSection | None = None
    node_version_comment_section: NodeVersionCommentSection | None = None
    member_type_list: tuple[MemberTypeElement, ...] = ()

    def given(self) -> GivenEdit:
        """Return what the request gives of the version."""
        of_type = NamedVersion(self.node_version_identifier_type, self.node_version_reference_type)
        comment = self.node_version_comment_section
        reference = self.node_reference_section or NodeReferenceSection()
        return GivenEdit(
            of_type=of_type,
            type_field=f"{_named_by(of_type)}_type",
            name=self.node_name,
            comment=None if comment is None else comment.node_version_comment,
            sets_comment=comment is not None,
            reference=GivenReference(
                reference.node_reference, reference.node_reference_package, reference.node_local_reference
            ),
            member_types=[member_type.given() for member_type in self.member_type_list],
        )


def _named_by(wanted: NamedVersion) -> str:
    return "node_version_identifier" if wanted.identifier else "node_version_reference"
