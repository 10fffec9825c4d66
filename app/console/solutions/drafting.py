"""The page that edits the draft of a solution. Nothing is stored before the form is saved."""

from __future__ import annotations

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.console.forms import Form
from app.console.pages import page
from app.console.responses import see_other
from app.console.solutions.addresses import crumbs_to, found_solution, solution_url
from app.console.solutions.draft_form import DraftForm, field_of
from app.console.visitor import caller
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.editions import KnownEdition
from app.errors import PreconditionError, UserError
from app.identity.rights import require_solutions
from app.solutions.content.model import ConfigType, Trigger
from app.solutions.people.authentications import read_authentications
from app.solutions.releases.solutions import set_draft
from app.web.context import resources

blueprint = Blueprint("solution_draft", __name__)

_TYPES = {
    ConfigType.STRING: "Text",
    ConfigType.INTEGER: "Whole number",
    ConfigType.NUMBER: "Number",
    ConfigType.BOOLEAN: "Yes or no",
    ConfigType.OBJECT: "JSON object",
    ConfigType.ARRAY: "JSON list",
    ConfigType.DDL: "Drop-down list",
}
_TRIGGERS = {
    Trigger.MANUAL: "By hand",
    Trigger.WEBHOOK: "Webhook",
    Trigger.SCHEDULED: "On a schedule",
}


@blueprint.get("/solutions/<solution_id>/draft")
@short_statements()
def form(solution_id: str) -> Response:
    """Show the form with the draft as it is stored."""
    return _page(solution_id)


@blueprint.post("/solutions/<solution_id>/draft")
@short_statements()
def change(solution_id: str) -> Response:
    """Add, move or remove an entry of the form, or save the draft."""
    require_solutions(caller())
    sent, edition = DraftForm.sent(request.form), request.form.get("edition") or None
    changed = sent.after(request.form.get("do", ""))
    if changed is not None:
        return _page(solution_id, changed, Form(changed.values), edition)
    try:
        with resources().engine.begin() as connection:
            found = found_solution(connection, solution_id)
            set_draft(connection, sent.draft(found.solution_id), KnownEdition(if_match=edition))
    except UserError as error:
        refused = Form(sent.values).refused(sent.named(error), field_of)
        return _page(solution_id, sent, refused, edition, status=422)
    except PreconditionError:
        reason = (
            "Nothing was saved: the draft was changed or published since this page was shown. Save again to replace"
            " it with what stands here, or open the page again to see it."
        )
        return _page(solution_id, sent, Form(sent.values, {}, (reason,)), None, status=412)
    return see_other(solution_url(found.solution_id, done="saved"))


def _page(
    solution_id: str,
    sent: DraftForm | None = None,
    shown: Form | None = None,
    edition: str | None = None,
    *,
    status: int = 200,
) -> Response:
    require_solutions(caller())
    with snapshot(resources().engine) as connection:
        found = found_solution(connection, solution_id)
        authentications = _authentications(connection)
    draft = sent or DraftForm.of(found)
    on_screens = {line for screen in draft.entries["screen"] for line in screen.get("slots", "").split("\n")}
    slots = [
        each.get("external_id", "")
        for word in ("auth", "config")
        for each in draft.entries[word]
        if "hidden" not in each
    ]
    return page(
        "solutions/draft.html",
        "Edit the draft",
        section="Solutions",
        crumbs=crumbs_to(found),
        solution=found,
        form=shown or Form(draft.values),
        entries=draft.entries,
        edition=edition or found.edition,
        types=[(kind.value, text) for kind, text in _TYPES.items()],
        triggers=[(trigger.value, text) for trigger, text in _TRIGGERS.items()],
        authentications=authentications,
        elsewhere=[slot for slot in dict.fromkeys(slots) if slot and slot not in on_screens],
        unsaved=sent is not None,
        status=status,
    )


def _authentications(connection: Connection) -> list[tuple[str, str]]:
    """Return the choices of the builder's own authentications."""
    own = read_authentications(connection).values()
    return [
        ("", "None"),
        *((each.facts.authentication_id, f"{each.name} ({each.facts.service})") for each in own),
    ]
