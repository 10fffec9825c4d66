"""SetNode: what a form for a node needs, and creating or editing the draft of a node."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection

from app.database.engine import snapshot
from app.editions import KnownEdition
from app.nodes.drafts import Draft, take_draft
from app.nodes.editing import Edit, GivenEdit, create, edit_draft, find_type, plan_edit
from app.nodes.forms import read_form
from app.nodes.impacts import show
from app.nodes.patterns import PatternCheck
from app.nodes.versions import find_version
from app.references import version_identifier
from app.runs.edit_checks import edit_check, locking_edit
from app.services.call import Call, Service
from app.services.form_rows import member_type_list
from app.services.identifying_fields import reference_and_name, version_fields
from app.services.impact_rows import impact_description, impact_list
from app.services.response import Fields, Part, ServiceResponse, edition_tag
from app.services.set_node_request import EditAction, SetNodeRequest


def run(request: SetNodeRequest, call: Call) -> ServiceResponse:
    """Return a form, or what an edit does. 108: the impact of an edit is not empty. 109: an update is refused because
    of its impacts. 101, 105 and 106 as `app.nodes.editing`."""
    given = request.given()
    match request.action:
        case EditAction.NEW:
            with snapshot(call.engine) as connection:
                of_type = find_type(connection, call.caller, given, call.before_large)
                return ServiceResponse(_form(connection, call, of_type.key))
        case EditAction.EDIT:
            with snapshot(call.engine) as connection:
                known, large = _known(request, call), call.before_large
                draft = take_draft(connection, call.caller, *_draft(request), known, large, lock=False)
                form = _form(connection, call, draft.type, draft)
                return ServiceResponse((*_head(draft), *form), headers=edition_tag(draft.version.node.edition))
        case EditAction.CREATE:
            return locking_edit(call.workload, call.user, partial(_created, given, call))
        case EditAction.IMPACT:
            with edit_check(call.workload, call.user) as patterns, snapshot(call.engine) as connection:
                known, large = _known(request, call), call.before_large
                edit = plan_edit(connection, call.caller, *_draft(request), given, known, patterns, large)
                return _impact(connection, call, edit, 108)
        case EditAction.UPDATE | EditAction.FORCE:
            return locking_edit(call.workload, call.user, partial(_written, request, given, call))


def _created(given: GivenEdit, call: Call, patterns: PatternCheck) -> ServiceResponse:
    with call.engine.begin() as connection:
        node = create(connection, call.caller, given, patterns, call.before_large)
        version = find_version(connection, call.caller, version_identifier(node, 1), None)
    edition = version.node.edition
    parts = (version_fields(version.node, 1, version.name), Fields(("nodeEdition", edition)))
    return ServiceResponse(parts, headers=edition_tag(edition))


def _written(request: SetNodeRequest, given: GivenEdit, call: Call, patterns: PatternCheck) -> ServiceResponse:
    force = request.action is EditAction.FORCE
    with call.engine.begin() as connection:
        draft, known, large = _draft(request), _known(request, call), call.before_large
        edit, edition = edit_draft(connection, call.caller, *draft, given, known, patterns, large, force=force)
        if edition is None:
            return _impact(connection, call, edit, 109)
    version = edit.draft.version
    head = version_fields(version.node, version.number, edit.name)
    return ServiceResponse((head, Fields(("nodeEdition", edition))), headers=edition_tag(edition))


def _impact(connection: Connection, call: Call, edit: Edit, number: int) -> ServiceResponse:
    impacts = show(connection, call.caller, edit.impacts)
    version = edit.draft.version
    edition = version.node.edition
    head = version_fields(version.node, version.number, version.name)
    parts = (head, Fields(("nodeEdition", edition)), impact_list(impacts))
    return ServiceResponse(parts, number if impacts else 0, impact_description(impacts), edition_tag(edition))


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


def _known(request: SetNodeRequest, call: Call) -> KnownEdition:
    return KnownEdition(request.node_edition or None, call.if_match)


SERVICE = Service("SetNode", SetNodeRequest, run)
