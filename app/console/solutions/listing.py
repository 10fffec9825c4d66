"""The list of solutions, and a new solution."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, request

from app.console.forms import Form
from app.console.pages import page
from app.console.responses import see_other
from app.console.solutions.addresses import SOLUTIONS, solution_url
from app.console.visitor import caller
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.errors import UserError
from app.identity.rights import require_solutions
from app.solutions.releases.listing import list_solutions
from app.solutions.releases.solutions import SolutionDraft, set_draft
from app.text import collapsed
from app.web.context import resources

blueprint = Blueprint("solutions", __name__)

_PAGE = 50


@blueprint.get("/solutions")
@short_statements()
def solutions() -> Response:
    """Show solutions, the oldest first."""
    return _page(Form())


@blueprint.post("/solutions")
@short_statements()
def create() -> Response:
    """Create a solution, and go on with its draft."""
    require_solutions(caller())
    try:
        with resources().engine.begin() as connection:
            solution = set_draft(connection, SolutionDraft(title=collapsed(request.form.get("title", ""))))
    except UserError as error:
        return _page(Form.sent().refused(error), status=422)
    return see_other(solution_url(solution.solution_id, "draft"))


def _page(form: Form, *, status: int = 200) -> Response:
    require_solutions(caller())
    after, tag = request.args.get("after") or None, collapsed(request.args.get("tag", ""))
    with snapshot(resources().engine) as connection:
        found = list_solutions(connection, tags=[tag] if tag else [], after=after, limit=_PAGE + 1)
    shown = found[:_PAGE]
    following = ""
    if len(found) > _PAGE:
        given = {"after": shown[-1].solution_id, **({"tag": tag} if tag else {})}
        following = f"{SOLUTIONS}?{urlencode(given)}"
    return page(
        "solutions/list.html",
        "Solutions",
        section="Solutions",
        status=status,
        solutions=shown,
        form=form,
        tag=tag,
        following=following,
        first=SOLUTIONS if after else "",
    )
