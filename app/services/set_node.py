"""SetNode: what a form for a node needs, and creating or editing the draft of a node."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from app.database.engine import snapshot
from app.nodes.deletion import keep_links
from app.nodes.drafts import Draft, Known, take_draft
from app.nodes.editing import Edit, GivenEdit, GivenReference, create, find_type, plan_edit, write_edit
from app.nodes.forms import read_form
from app.nodes.impacts import show
from app.nodes.merging import GivenMember, GivenMemberType
from app.nodes.resolving import NamedVersion
from app.nodes.versions import find_version
from app.references import version_identifier
from app.services.call import Call, CollapsedText, Service, Verbatim
from app.services.edit_check import edit_check
from app.services.form_rows import member_type_list
from app.services.identifying_fields import reference_and_name, version_fields
from app.services.impact_rows import impact_description, impact_list
from app.services.response import Fields, Part, ServiceResponse


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
        """The member in the words of the domain. The new target takes precedence."""
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
        """The member type in the words of the domain."""
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
        """What the request gives of the version."""
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


def run(request: SetNodeRequest, call: Call) -> ServiceResponse:
    """Return a form, or what an edit does. 108: the impact of an edit is not empty. 109: an update is refused because
    of its impacts. 101, 105 and 106 as `app.nodes.editing`."""
    given = request.given()
    match request.action:
        case EditAction.NEW:
            with snapshot(call.engine) as connection:
                of_type = find_type(connection, call.caller, given)
                return ServiceResponse(_form(connection, call, of_type.key))
        case EditAction.EDIT:
            with snapshot(call.engine) as connection:
                draft = take_draft(connection, call.caller, *_draft(request), _known(request, call), lock=False)
                form = _form(connection, call, draft.type, draft)
                return ServiceResponse((*_head(draft), *form), headers=_tag(draft.version.node.edition))
        case EditAction.CREATE:
            with edit_check(call) as patterns, call.engine.begin() as connection:
                keep_links(connection)
                node = create(connection, call.caller, given, patterns)
                version = find_version(connection, call.caller, version_identifier(node, 1), None)
            edition = version.node.edition
            parts = (version_fields(version.node, 1, version.name), Fields(("nodeEdition", edition)))
            return ServiceResponse(parts, headers=_tag(edition))
        case EditAction.IMPACT:
            with edit_check(call) as patterns, snapshot(call.engine) as connection:
                edit = plan_edit(
                    connection, call.caller, *_draft(request), given, _known(request, call), patterns, lock=False
                )
                return _impact(connection, call, edit, 108)
        case EditAction.UPDATE | EditAction.FORCE:
            return _written(request, given, call)


def _written(request: SetNodeRequest, given: GivenEdit, call: Call) -> ServiceResponse:
    with edit_check(call) as patterns, call.engine.begin() as connection:
        keep_links(connection)
        known = _known(request, call)
        edit = plan_edit(connection, call.caller, *_draft(request), given, known, patterns, lock=True)
        if edit.impacts and request.action is EditAction.UPDATE:
            return _impact(connection, call, edit, 109)
        edition = write_edit(connection, call.caller, edit)
    version = edit.draft.version
    head = version_fields(version.node, version.number, edit.name)
    return ServiceResponse((head, Fields(("nodeEdition", edition))), headers=_tag(edition))


def _impact(connection: Connection, call: Call, edit: Edit, number: int) -> ServiceResponse:
    impacts = show(connection, call.caller, edit.impacts)
    version = edit.draft.version
    edition = version.node.edition
    head = version_fields(version.node, version.number, version.name)
    parts = (head, Fields(("nodeEdition", edition)), impact_list(impacts))
    return ServiceResponse(parts, number if impacts else 0, impact_description(impacts), _tag(edition))


def _head(draft: Draft) -> tuple[Fields, Fields]:
    version = draft.version
    rest = Fields(("nodeEdition", version.node.edition), ("nodeVersionComment", draft.comment))
    return version_fields(version.node, version.number, version.name), rest


def _form(connection: Connection, call: Call, of_type: tuple[int, int], draft: Draft | None = None) -> tuple[Part, ...]:
    form = read_form(connection, call.caller, of_type, () if draft is None else draft.members)
    head = Fields(*reference_and_name("nodeVersionReferenceType", "nodeNameType", form.type))
    return head, member_type_list(form)


def _draft(request: SetNodeRequest) -> tuple[int | None, str | None]:
    return request.node_version_identifier, request.node_version_reference


def _known(request: SetNodeRequest, call: Call) -> Known:
    return Known(request.node_edition, call.if_match)


def _tag(edition: int) -> dict[str, str]:
    return {"ETag": f'"{edition}"'}


def _named_by(wanted: NamedVersion) -> str:
    return "node_version_identifier" if wanted.identifier else "node_version_reference"


SERVICE = Service("SetNode", SetNodeRequest, run)
