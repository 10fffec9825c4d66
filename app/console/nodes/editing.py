"""The page that edits the draft of a node: its name, its comment and its members."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import NoReturn

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.console.forms import Form
from app.console.nodes.addresses import crumbs_to, node_url, reference_in
from app.console.nodes.edit_form import MOST_MEMBERS, edit_in, field_of
from app.console.nodes.edit_rows import at_present, identifiers_of, rows_of
from app.console.nodes.finding import administered, read_node
from app.console.pages import page
from app.console.responses import see_other
from app.console.turns import user
from app.console.visitor import caller
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.editions import ANY_EDITION, KnownEdition
from app.errors import BusyError, PreconditionError, StateError, UserError
from app.nodes.drafts import Draft, take_draft
from app.nodes.editing import GivenEdit, edit_draft
from app.nodes.forms import read_form
from app.nodes.impacts import Impacts, show
from app.nodes.patterns import PatternCheck
from app.runs.edit_checks import locking_edit
from app.web.context import resources
from app.web.refusal import Refused

blueprint = Blueprint("node_edits", __name__)

_CHANGED = (
    "Nothing was saved: somebody else has changed the node since this page was shown. What you typed is kept. Look at"
    " the node as it is now, and save again to replace their changes with what stands here."
)
_LOST = "The draft no longer has the member type for which you typed: "


@dataclass(frozen=True)
class _Refusal:
    """Why an edit was not written: what is wrong with the form, the data that would be lost, or that the draft has
    changed since the form was shown."""

    form: Form
    status: int
    impacts: Impacts | None = None
    has_changed: bool = False


@blueprint.get("/edit/<path:path>")
@short_statements()
def form(path: str) -> Response:
    """Show the form."""
    return _page(reference_in(path))


@blueprint.post("/edit/<path:path>")
@short_statements()
def save(path: str) -> Response:
    """Save the draft, unless something is wrong or data would be lost that the editor has not agreed to lose."""
    reference = reference_in(path)
    sent = Form.sent()
    try:
        given = edit_in(request.form)
        known = KnownEdition(if_match=request.form.get("edition") or None)
        impacts = locking_edit(resources().workload, user(), partial(_saved, reference, given, known))
    except UserError as error:
        return _page(reference, _Refusal(sent.refused(error, field_of), 422))
    except PreconditionError:
        return _page(reference, _Refusal(sent, 412, has_changed=True))
    except BusyError as error:
        return _page(reference, _Refusal(sent.refused(error), 503))
    except StateError as error:
        return _page(reference, _Refusal(sent.refused(error), 409))
    if impacts is None:
        return see_other(node_url(reference, done="saved"))
    return _page(reference, _Refusal(sent, 409, impacts))


def _saved(reference: str, given: GivenEdit, known: KnownEdition, patterns: PatternCheck) -> Impacts | None:
    """Save the draft and return None, or return the data that would be lost."""
    with resources().engine.begin() as connection:
        administered(read_node(connection, reference))
        force = request.form.get("lose") == "true"
        draft, large = f"{reference}.$draft", partial(_refuse, reference)
        edit, edition = edit_draft(connection, caller(), None, draft, given, known, patterns, large, force=force)
        return show(connection, caller(), edit.impacts) if edition is None else None


def _page(reference: str, refusal: _Refusal | None = None) -> Response:
    with snapshot(resources().engine) as connection:
        administered(read_node(connection, reference))
        draft = _draft(connection, reference)
        members = read_form(connection, caller(), draft.type, draft.members)
    if len(draft.members) > MOST_MEMBERS:
        _refuse(reference)
    shown = refusal or _Refusal(Form(), 200)
    node, form = draft.version.node, shown.form
    if shown.has_changed:
        form, lost = at_present(form, members)
        form = replace(form, others=(_CHANGED, *([_LOST + ", ".join(lost) + "."] if lost else [])))
    return page(
        "nodes/edit.html",
        "Edit the draft",
        section="Nodes",
        crumbs=crumbs_to(reference, itself=True),
        node=node,
        draft=draft,
        members=members,
        identifiers=identifiers_of(members),
        rows=rows_of(members, form),
        form=form,
        impacts=shown.impacts,
        has_changed=shown.has_changed,
        edition=str(node.edition) if shown.has_changed else form.value("edition", str(node.edition)),
        status=shown.status,
    )


def _draft(connection: Connection, reference: str) -> Draft:
    """Return the draft. Raises StateError if there is none."""
    try:
        large = partial(_refuse, reference)
        return take_draft(connection, caller(), None, f"{reference}.$draft", ANY_EDITION, large, lock=False)
    except UserError:
        raise StateError(f"{reference} has no draft that you may use: make one first") from None


def _refuse(reference: str) -> NoReturn:
    """Raise Refused for a draft that, or whose type, is too large for a form."""
    raise Refused(
        400,
        f"This draft has more than {MOST_MEMBERS} members or more than a mebibyte of values, or its type has more than"
        f" 10,000: edit it with `relink node edit {reference}`.",
    )
