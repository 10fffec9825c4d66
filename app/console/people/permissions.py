"""The permissions on a node: who has which, granting and revoking them."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, request

from app.console.forms import Form
from app.console.pages import page
from app.console.people.addresses import CRUMB, PEOPLE, PERMISSIONS, user_url
from app.console.people.showing import TYPES, show
from app.console.responses import see_other
from app.console.visitor import caller
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.errors import NotAuthorisedError, UserError
from app.nodes.permission_records import delete_permission, find_object, read_permissions
from app.nodes.permissions import create_permission
from app.text import collapsed, is_whole_number
from app.web.context import resources
from app.web.refusal import Refused

blueprint = Blueprint("permissions", __name__)

_PAGE = 200
_MOST_DIGITS = 18


@blueprint.get("/permissions")
@short_statements()
def permissions() -> Response:
    """Show the permissions on a node, in the order in which they were given."""
    return _page(collapsed(request.args.get("node", "")), Form())


@blueprint.post("/permissions")
@short_statements()
def grant() -> Response:
    """Grant a permission to a user or a group. `person` says that the form stands on the page of a user."""
    form = {name: collapsed(request.form.get(name, "")) for name in ("type", "group", "node", "person")}
    try:
        with resources().engine.begin() as connection:
            create_permission(connection, caller(), form["type"], form["group"], form["node"] or None)
    except UserError as error:
        names = {"permission_type_reference": "type", "user_group_reference": "group", "object_reference": "node"}
        refused = Form.sent().refused(error, lambda fault: names.get(fault.field, fault.field))
        return show(form["person"], refused, status=422) if form["person"] else _page(form["node"], refused, status=422)
    return see_other(_back(form["person"], form["node"], "granted"))


@blueprint.post("/permissions/revoke")
@short_statements()
def revoke() -> Response:
    """Revoke a permission."""
    given = request.form.get("permission", "")
    if not is_whole_number(given) or len(given) > _MOST_DIGITS:
        raise Refused(400, "The form names no permission.")
    with resources().engine.begin() as connection:
        delete_permission(connection, caller(), int(given))
    person, node = collapsed(request.form.get("person", "")), collapsed(request.form.get("node", ""))
    return see_other(_back(person, node, "revoked"))


def _back(person: str, node: str, done: str) -> str:
    """Return the address of the page with the form that was sent."""
    return user_url(person, done=done) if person else f"{PERMISSIONS}?{urlencode({'node': node, 'done': done})}"


def _page(node: str, form: Form, *, status: int = 200) -> Response:
    question = Form({"node": node})
    after = request.args.get("after", "")
    if after and (not is_whole_number(after) or len(after) > _MOST_DIGITS):
        raise Refused(400, "The parameter after must be the number of a permission.")
    with snapshot(resources().engine) as connection:
        found, is_shown = [], False
        try:
            if node or caller().administers_all:
                place = find_object(connection, caller(), None, node or None)
                found = read_permissions(connection, place, after=int(after or 0), limit=_PAGE + 1)
                is_shown = True
        except UserError as error:
            question, status = question.refused(error, lambda _fault: "node"), 404
        except NotAuthorisedError:
            # The page does not tell a node that may not be read from one that does not exist.
            reason = f"There is no node {node[:200]}, or you may not administer it."
            question, status = Form({"node": node}, {"node": [reason]}), 404
    shown = found[:_PAGE]
    given = {"node": node, "after": str(shown[-1].identifier)} if len(found) > _PAGE else {}
    return page(
        "people/permissions.html",
        "Permissions",
        section="People",
        crumbs=(CRUMB,),
        people=PEOPLE,
        node=node,
        question=question,
        permissions=shown,
        is_shown=is_shown,
        types=TYPES,
        form=form,
        following=f"{PERMISSIONS}?{urlencode(given)}" if given else "",
        first=f"{PERMISSIONS}?{urlencode({'node': node})}" if after else "",
        done=request.args.get("done", ""),
        status=status,
    )
