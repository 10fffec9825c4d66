"""The page of a user: the account, its permissions, and what the user may do with a node."""

from __future__ import annotations

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.console.forms import Form
from app.console.pages import page
from app.console.people.addresses import CRUMB, activity_url
from app.console.visitor import caller, session
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.errors import FaultCode, NotAuthorisedError, UserError
from app.identity.accounts import read_account
from app.identity.right import GLOBAL_PERMISSIONS, NODE_PERMISSIONS, PACKAGE_PERMISSIONS
from app.identity.sign_in import read_locked_until
from app.nodes.explaining import Explanation, explain
from app.nodes.permission_records import read_permissions
from app.text import collapsed
from app.web.context import resources
from app.web.refusal import Refused

blueprint = Blueprint("person", __name__)

TYPES = [(name, name) for name in (*NODE_PERMISSIONS, *PACKAGE_PERMISSIONS, *sorted(GLOBAL_PERMISSIONS))]
"""The types of permissions, as the choices of a form."""

_PERMISSIONS = 200


@blueprint.get("/people/<logon>")
@short_statements()
def person(logon: str) -> Response:
    """Show a user."""
    return show(logon, Form(), done=request.args.get("done", ""))


def show(logon: str, form: Form, *, done: str = "", status: int = 200) -> Response:
    """Return the page of a user, with a form that was refused."""
    node = collapsed(request.args.get("node", ""))
    activity = activity_url(user=logon)
    with snapshot(resources().engine) as connection:
        if not caller().administers_all and logon == session().logon_reference:
            explanation, question = _explained(connection, logon, node)
            return page(
                "people/own.html",
                "Your account",
                section="People",
                explanation=explanation,
                question=question,
                activity=activity,
                form=form,
                status=status,
            )
        found = read_account(connection, caller(), logon)
        if found is None:
            raise Refused(404, "There is no user at this address.")
        account, groups = found
        locked = read_locked_until(connection, [logon], resources().settings).get(logon)
        permissions = read_permissions(connection, None, logon, limit=_PERMISSIONS + 1)
        explanation, question = _explained(connection, logon, node)
    return page(
        "people/user.html",
        account.logon_reference,
        section="People",
        crumbs=(CRUMB,),
        account=account,
        groups=groups,
        locked=locked,
        permissions=permissions[:_PERMISSIONS],
        more=len(permissions) > _PERMISSIONS,
        types=TYPES,
        explanation=explanation,
        question=question,
        activity=activity,
        is_own=logon == session().logon_reference,
        form=form,
        done=done,
        status=status,
    )


def _explained(connection: Connection, logon: str, node: str) -> tuple[Explanation | None, Form]:
    """Return the answer to the question what the user may do with a node, and the form of the question."""
    question = Form({"node": node})
    if not node:
        return None, question
    try:
        return explain(connection, caller(), logon, None, node), question
    except UserError as error:
        if caller().administers_all or error.faults[0].code is not FaultCode.NOT_FOUND:
            return None, question.refused(error, lambda _fault: "node")
    except NotAuthorisedError:
        pass
    # The page does not tell a node that may not be read from one that does not exist.
    return None, Form({"node": node}, {"node": [f"There is no node {node[:200]}, or you may not read it."]})
