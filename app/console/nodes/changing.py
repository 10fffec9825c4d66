"""Freezing a node, making a draft, and changing the type of a draft. Each page shows first what would happen."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, request

from app.console.forms import Form
from app.console.nodes.addresses import crumbs_to, node_url, reference_in
from app.console.nodes.finding import administered, read_node, read_wanted
from app.console.pages import page
from app.console.responses import see_other
from app.console.turns import before_large, turn_of, user
from app.console.visitor import caller
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.editions import ANY_EDITION, KnownEdition
from app.errors import BusyError, Fault, NotAuthorisedError, PreconditionError, RelinkError, StateError, UserError
from app.nodes.copying import copy_node
from app.nodes.deletion import keep_links
from app.nodes.freeze import freeze, plan_freeze
from app.nodes.impacts import Impacts, show
from app.nodes.patterns import PatternCheck
from app.nodes.resolving import NamedVersion
from app.nodes.type_change import TypeChange, change_type
from app.nodes.versions import Node
from app.references import VersionKeyword
from app.runs.edit_checks import edit_check, locking_edit
from app.text import collapsed
from app.web.context import resources
from app.web.refusal import Refused

blueprint = Blueprint("node_changes", __name__)

_MOST_LISTED = 200


@blueprint.get("/freeze/<path:path>")
def freezing(path: str) -> Response:
    """Show what freezing a node would freeze."""
    return _freeze_page(reference_in(path), content=request.args.get("content") == "true")


@blueprint.post("/freeze/<path:path>")
def frozen(path: str) -> Response:
    """Freeze a node, with all drafts that it depends on, if they are still those that were shown."""
    reference, content = reference_in(path), request.form.get("content") == "true"
    shared = resources()
    try:
        with turn_of(shared.workload.others), shared.engine.begin() as connection:
            node = administered(read_node(connection, reference))
            shown = request.form.get("shown")
            if not shown:
                raise Refused(400, "The form names no drafts: look at what would be frozen first, and freeze that.")
            result = freeze(connection, caller(), node, include_content=content, shown=shown)
    except PreconditionError:
        return _freeze_page(reference, content=content, has_changed=True)
    if result.impossible:
        address = node_url(reference, page="freeze", content="true") if content else node_url(reference, page="freeze")
        return see_other(address)
    return see_other(node_url(reference, done="frozen"))


def _freeze_page(reference: str, *, content: bool, has_changed: bool = False) -> Response:
    shared = resources()
    with turn_of(shared.workload.others), short_statements(), shared.engine.begin() as connection:
        node = administered(read_node(connection, reference))
        result = plan_freeze(connection, caller(), node, include_content=content)
    return page(
        "nodes/freeze.html",
        "Freeze",
        section="Nodes",
        crumbs=crumbs_to(reference, itself=True),
        node=node,
        result=result,
        content=content,
        most=_MOST_LISTED,
        has_changed=has_changed,
        status=412 if has_changed else 200,
    )


@blueprint.post("/draft/<path:path>")
@short_statements()
def new_draft(path: str) -> Response:
    """Make a draft from the highest frozen version of a node."""
    reference = reference_in(path)
    with resources().engine.begin() as connection:
        keep_links(connection)
        read_node(connection, reference)
        source = read_wanted(connection, f"{reference}.{VersionKeyword.CURRENT}")
        try:
            copy_node(connection, caller(), source, reference, None)
        except UserError as error:
            raise StateError("; ".join(fault.sentence({}, "the node") for fault in error.faults)) from None
    return see_other(node_url(reference, done="draft"))


@blueprint.get("/type/<path:path>")
@short_statements()
def another_type(path: str) -> Response:
    """Show a form for another type and, once a type is given, what it does to the data of the draft."""
    given = collapsed(request.args.get("type", ""))
    return _type_page(reference_in(path), Form({"type": given}), given)


@blueprint.post("/type/<path:path>")
@short_statements()
def changed_type(path: str) -> Response:
    """Change the type of a draft."""
    reference, given = reference_in(path), collapsed(request.form.get("type", ""))
    edition = request.form.get("edition", "")
    known = KnownEdition(if_match=edition or None)
    try:
        locking_edit(resources().workload, user(), partial(_change_type, reference, given, known))
    except BusyError:
        raise
    except (UserError, NotAuthorisedError, StateError) as error:
        return _type_page(reference, Form.sent().refused(error, _type_field), "", status=_status(error))
    return see_other(node_url(reference, done="type"))


def _change_type(reference: str, given: str, known: KnownEdition, patterns: PatternCheck) -> None:
    with resources().engine.begin() as connection:
        node = administered(read_node(connection, reference))
        wanted, draft = NamedVersion(reference=given), _draft(node)
        change_type(connection, caller(), None, draft, wanted, known, patterns, before_large, force=True)


def _type_page(reference: str, form: Form, given: str, *, status: int = 200) -> Response:
    change: TypeChange | None = None
    impacts: Impacts | None = None
    shared = resources()
    with edit_check(shared.workload, user()) as patterns, snapshot(shared.engine) as connection:
        node = administered(read_node(connection, reference))
        version = read_wanted(connection, _draft(node))
        if given:
            try:
                wanted, draft = NamedVersion(reference=given), _draft(node)
                change = change_type(
                    connection, caller(), None, draft, wanted, ANY_EDITION, patterns, before_large, force=False
                )
                impacts = show(connection, caller(), change.impacts)
            except (UserError, NotAuthorisedError) as error:
                form, status = form.refused(error, _type_field), _status(error)
    return page(
        "nodes/type.html",
        "Change the type",
        section="Nodes",
        crumbs=crumbs_to(reference, itself=True),
        node=node,
        version=version,
        form=form,
        change=change,
        impacts=impacts,
        status=status,
    )


def _type_field(_fault: Fault) -> str:
    return "type"


def _status(error: RelinkError) -> int:
    match error:
        case NotAuthorisedError():
            return 403
        case StateError():
            return 409
        case _:
            return 422


def _draft(node: Node) -> str:
    """Return the reference of the draft of a node. Raises StateError if it has none."""
    if node.draft is None:
        raise StateError(f"{node.reference} has no draft: make one first")
    return f"{node.reference}.{node.draft}"
