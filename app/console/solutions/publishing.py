"""The page that publishes a draft. It first shows which of the two notices applies, and whom the release affects."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.console.forms import Form
from app.console.pages import page
from app.console.responses import see_other
from app.console.solutions.addresses import crumbs_to, found_solution, solution_url
from app.console.turns import turn_of
from app.console.visitor import caller
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.editions import KnownEdition
from app.errors import PreconditionError, UserError
from app.identity.rights import require_solutions
from app.solutions.instances.counting import count_owners
from app.solutions.rollout.coming_moves import coming_moves
from app.solutions.rollout.publishing import preview_with_instances
from app.solutions.rollout.publishing import publish as publish_draft
from app.text import present, with_line_feeds
from app.web.context import resources
from app.web.refusal import Refused

blueprint = Blueprint("publishing", __name__)

_OWNERS = 20
_CHANGED = (
    "Nothing was published: the draft was changed or published since this page was shown. See below what it means now."
)


@blueprint.get("/solutions/<solution_id>/publish")
def publishing(solution_id: str) -> Response:
    """Show what publishing the draft now would do."""
    return _page(solution_id, Form())


@blueprint.post("/solutions/<solution_id>/publish")
def publish(solution_id: str) -> Response:
    """Publish the draft, if it is still the one that was shown."""
    require_solutions(caller())
    shared, known = resources(), KnownEdition(if_match=request.form.get("edition"))
    if not known.if_match:
        raise Refused(400, "The form names no draft: look at what publishing does first, and publish exactly that.")
    notes = present(with_line_feeds(request.form.get("release_notes", "")))
    try:
        with turn_of(shared.workload.others), shared.engine.begin() as connection:
            found = found_solution(connection, solution_id)
            publish_draft(connection, caller().user_identifier, found.solution_id, notes, known)
    except UserError as error:
        return _page(solution_id, Form.sent().refused(error), status=422)
    except PreconditionError:
        return _page(solution_id, Form(Form.sent().values, {}, (_CHANGED,)), status=412)
    return see_other(solution_url(found.solution_id, done="published"))


def _page(solution_id: str, form: Form, *, status: int = 200) -> Response:
    require_solutions(caller())
    shared = resources()
    with turn_of(shared.workload.others), short_statements(), snapshot(shared.engine) as connection:
        found = found_solution(connection, solution_id)
        preview, affected = preview_with_instances(connection, found.solution_id)
        owners, number_of_owners = count_owners(connection, affected.for_users, affected.for_system, _OWNERS)
        starts = coming_moves(connection, found.solution_id, affected.moving_from, shared.settings.lazy_update_delay)
    return page(
        "solutions/publish.html",
        "Publish draft",
        section="Solutions",
        crumbs=crumbs_to(found),
        solution=found,
        preview=preview,
        owners=owners,
        other_owners=number_of_owners - len(owners),
        first=min(starts.values(), default=None),
        last=max(starts.values(), default=None),
        form=form,
        status=status,
    )
