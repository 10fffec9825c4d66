"""The page of a solution: its draft against the live release, its releases, and where its instances are."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.console.charts import lines, stacked
from app.console.pages import page
from app.console.responses import see_other
from app.console.solutions.addresses import crumbs_to, found_solution, solution_url
from app.console.turns import turn_of
from app.console.visitor import caller
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.identity.rights import require_solutions
from app.solutions.content.model import Content, Slot
from app.solutions.instances.counting import count_by_release, count_in_the_past
from app.solutions.instances.paging import read_page
from app.solutions.instances.reading import InstanceFilter
from app.solutions.people.external_users import read_external_users
from app.solutions.releases.contents import read_contents
from app.solutions.releases.draft_content import released_content
from app.solutions.releases.history import compare_releases, read_history
from app.solutions.releases.solutions import SolutionDraft, set_draft
from app.text import is_whole_number
from app.web.context import resources
from app.web.refusal import Refused

blueprint = Blueprint("solution", __name__)

_RELEASES = 10
_ALL_RELEASES = 50
_INSTANCES = 10
_HIGHEST = 2**31 - 1
_MOST_DIGITS = 9


@blueprint.get("/solutions/<solution_id>")
def solution(solution_id: str) -> Response:
    """Show a solution."""
    require_solutions(caller())
    shared = resources()
    with turn_of(shared.workload.others), short_statements(), snapshot(shared.engine) as connection:
        found = found_solution(connection, solution_id)
        history = read_history(connection, found.solution_id, before=_HIGHEST, limit=_RELEASES + 1)
        counts = count_by_release(connection, found.solution_id)
        past = count_in_the_past(connection, found.solution_id, counts)
        wanted = InstanceFilter(solution_id=found.solution_id)
        instances = read_page(connection, wanted, None, _INSTANCES)
        owners = read_external_users(connection, [each.owner for each in instances.instances])
        comparison = compare_releases(connection, found.solution_id, None, None)
        draft = released_content(connection, found.draft)
        latest = found.latest_release_number
        live = read_contents(connection, found.solution_id, [latest]).get(latest)
    return page(
        "solutions/solution.html",
        found.title,
        section="Solutions",
        crumbs=crumbs_to(found)[:1],
        solution=found,
        changes=comparison.judgement,
        unchanged=_unchanged(draft, live),
        releases=history[:_RELEASES],
        more_releases=len(history) > _RELEASES,
        counts=counts,
        segments=stacked([(f"Release {each.release}", each.release - 1, each.instances) for each in counts]),
        times=past.times,
        curves=lines(
            [(f"Release {release}", release - 1, numbers) for release, numbers in sorted(past.instances.items())]
        ),
        highest=max((max(numbers) for numbers in past.instances.values()), default=0),
        instances=instances,
        owners=owners,
        done=request.args.get("done", ""),
    )


@blueprint.get("/solutions/<solution_id>/releases")
@short_statements()
def releases(solution_id: str) -> Response:
    """Show the releases of a solution with their changes, the newest first."""
    require_solutions(caller())
    before = request.args.get("before", "")
    if before and not (is_whole_number(before) and len(before) <= _MOST_DIGITS):
        raise Refused(400, "The parameter before must be the number of a release.")
    with snapshot(resources().engine) as connection:
        found = found_solution(connection, solution_id)
        history = read_history(connection, found.solution_id, before=int(before or _HIGHEST), limit=_ALL_RELEASES + 1)
    shown = history[:_ALL_RELEASES]
    more = len(history) > len(shown)
    return page(
        "solutions/releases.html",
        "Releases",
        section="Solutions",
        crumbs=crumbs_to(found),
        solution=found,
        releases=shown,
        following=solution_url(found.solution_id, "releases", before=shown[-1].number) if more else "",
        first=solution_url(found.solution_id, "releases") if before else "",
    )


@blueprint.post("/solutions/<solution_id>/hold")
@short_statements()
def hold(solution_id: str) -> Response:
    """Put the lazy updates of a solution on hold, or let them go on."""
    require_solutions(caller())
    held = request.form.get("held") == "true"
    with resources().engine.begin() as connection:
        found = found_solution(connection, solution_id)
        set_draft(connection, SolutionDraft(found.solution_id, held=held))
    return see_other(solution_url(found.solution_id, done="held" if held else "released"))


def _unchanged(draft: Content, live: Content | None) -> list[str]:
    """Return the external ids of the slots of a draft that are as in the live release."""
    if live is None:
        return []
    before: set[Slot] = {*live.auth_slots, *live.config_slots}
    slots: tuple[Slot, ...] = (*draft.auth_slots, *draft.config_slots)
    return [slot.external_id for slot in slots if slot in before]
