"""Who did what: the audit, newest first. Users who are not administrators see the rows about themselves."""

from __future__ import annotations

import re
from datetime import datetime

from flask import Blueprint, Response, request

from app.console.activity import in_words
from app.console.forms import Form
from app.console.pages import page
from app.console.people.addresses import CRUMB, activity_url
from app.console.visitor import caller
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.errors import UserError
from app.identity.audit import Action, AuditFilter
from app.nodes.audit_reading import read_own_audit
from app.solutions.texts import moment
from app.text import collapsed, is_whole_number
from app.web.context import resources
from app.web.refusal import Refused

blueprint = Blueprint("activity", __name__)

_PAGE = 50
_MOST_DIGITS = 18
_ACTIONS = [("", "Everything"), *((action.value, action.value.replace("-", " ").capitalize()) for action in Action)]
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@blueprint.get("/activity")
@short_statements()
def activity() -> Response:
    """Show the rows that match the filters."""
    given = {name: collapsed(request.args.get(name, "")) for name in ("user", "action", "since")}
    before = request.args.get("before", "")
    if before and (not is_whole_number(before) or len(before) > _MOST_DIGITS):
        raise Refused(400, "The parameter before must be the number of a row.")
    since = _since(given["since"])
    form = Form(given)
    if given["since"] and since is None:
        form = Form(given, {"since": ["must be a day, such as 2026-09-26"]})
    action = Action(given["action"]) if given["action"] in list(Action) else None
    wanted = AuditFilter(given["user"] or None, action, since)
    with snapshot(resources().engine) as connection:
        try:
            found = read_own_audit(connection, caller(), wanted, before=int(before or 0) or None, limit=_PAGE + 1)
        except UserError:
            raise Refused(
                404, "The row after which the page begins no longer exists. Begin at the first page."
            ) from None
        shown = found[:_PAGE]
        worded = in_words(connection, shown)
    following = activity_url(**given, before=str(shown[-1].identifier)) if len(found) > _PAGE else ""
    return page(
        "people/activity.html",
        "Activity",
        section="People",
        crumbs=(CRUMB,),
        rows=list(zip(shown, worded, strict=True)),
        form=form,
        actions=_ACTIONS,
        filtered=any(given.values()),
        is_administrator=caller().administers_all,
        everything=activity_url(),
        following=following,
        first=activity_url(**given) if before else "",
        status=422 if form.is_faulty else 200,
    )


def _since(day: str) -> datetime | None:
    """Return the beginning of a day in UTC, or None if the text is not a day."""
    return moment(f"{day}T00:00:00Z") if _DAY.fullmatch(day) else None
