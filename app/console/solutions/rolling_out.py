"""The page that rolls a release out to instances, or back: what it would do comes first, then a run does exactly that.

The parameters are sent in forms only, because values for hidden slots may be secrets. For the same
reason, a form requests the table for a spreadsheet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.console.forms import Form, given_values
from app.console.pages import page
from app.console.responses import see_other
from app.console.services import has_worker, services
from app.console.solutions.addresses import crumbs_to, found_solution
from app.console.turns import turn_of
from app.console.updates.addresses import run_url
from app.console.updates.exports import csv_response
from app.console.updates.moves import MOVE_COLUMNS, MovedInstance
from app.console.visitor import caller
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.errors import Fault, StateError, UserError, invalid
from app.identity.rights import require_solutions
from app.runs.wanted import FORCE
from app.solutions.content.model import ConfigSlot
from app.solutions.people.external_users import read_external_users
from app.solutions.releases.contents import read_contents
from app.solutions.releases.solutions import Solution, read_releases
from app.solutions.rollout.bulk_plan import InstanceUpdate, Rollout, RolloutParameters, rollout
from app.solutions.rollout.bulk_run import NAME, RolloutResult, impact
from app.text import collapsed, is_blank, is_whole_number
from app.web.context import limits, resources

blueprint = Blueprint("rolling_out", __name__)

MOST_SHOWN: Final = 500
"""The page shows this many instances; the table for a spreadsheet has all."""
_MOST_DIGITS = 9
_VALUE = "value-"
_FIELDS = ("target", "percent", "owner", "tags")


@dataclass(frozen=True)
class _Planned:
    """A roll-out and what it would do."""

    result: RolloutResult
    owners: dict[str, str]

    @property
    def complete(self) -> int:
        """How many instances would move and lack nothing."""
        return sum(update.moves and not update.pending for update in self.result.updates)

    @property
    def waiting(self) -> int:
        """How many instances would move and then wait for their user."""
        return sum(update.moves and bool(update.pending) for update in self.result.updates)

    @property
    def staying(self) -> int:
        """How many instances would not move."""
        return self.result.bypassed


@blueprint.get("/solutions/<solution_id>/rollout")
@short_statements()
def form(solution_id: str) -> Response:
    """Show the form for the parameters."""
    target = request.args.get("target", "")
    return _page(solution_id, Form({"target": target} if is_whole_number(target) else {}))


@blueprint.post("/solutions/<solution_id>/rollout")
def roll_out(solution_id: str) -> Response:
    """Show what the roll-out would do, return it as a table, or begin the run that does what was shown."""
    require_solutions(caller())
    # The fields of slots are named by their external ids, so that the name says nothing about what a field holds.
    shared, sent, action = resources(), Form(request.form.to_dict()), request.form.get("do")
    try:
        if action == "force":
            return see_other(run_url(_begun(solution_id)))
        with turn_of(shared.workload.impacts), short_statements(), snapshot(shared.engine) as connection:
            found = found_solution(connection, solution_id)
            bulk = rollout(connection, _wanted(found), limits())
            planned = _planned(connection, bulk)
        if action == "csv":
            moves = (_move(update, bulk.target).cells for update in planned.result.updates)
            return csv_response(MOVE_COLUMNS, moves, "roll-out.csv")
        return _page(solution_id, sent, planned)
    except UserError as error:
        return _page(solution_id, sent.refused(error, _field_of), status=422)
    except StateError as error:
        return _page(solution_id, sent.refused(error), status=409)


def _begun(solution_id: str) -> int:
    """Begin the run that does what was shown, and return its number. The service checks the parameters."""
    with short_statements(), snapshot(resources().engine) as connection:
        found = found_solution(connection, solution_id)
    elements = _elements(_wanted(found), found.latest_release_number)
    return services().begin(NAME, elements, caller(), if_match=request.form.get("plan", ""), later=has_worker())


def _wanted(solution: Solution) -> RolloutParameters:
    """Return the parameters that the form gives. Raises UserError."""
    fields = request.form
    percent, target = fields.get("percent", "").strip(), fields.get("target", "").strip()
    faults = []
    if percent and not (is_whole_number(percent) and len(percent) <= _MOST_DIGITS and 1 <= int(percent) <= 100):
        faults.append(invalid("percent", "must be a whole number from 1 to 100"))
    if target and not (is_whole_number(target) and len(target) <= _MOST_DIGITS):
        faults.append(invalid("target_release_number", "must be the number of a release"))
    if faults:
        raise UserError(*faults)
    return RolloutParameters(
        solution.solution_id,
        owner=collapsed(fields.get("owner", "")) or None,
        tags=tuple(collapsed(tag) for tag in fields.get("tags", "").split(",") if not is_blank(tag)),
        percent=int(percent) if percent else None,
        target=int(target) if target else None,
        config_values=given_values(_VALUE),
    )


def _elements(wanted: RolloutParameters, latest: int) -> dict[str, str]:
    """Return the elements of the request that means the same, by their paths."""
    elements = {
        "solutionId": wanted.solution_id,
        "action": FORCE,
        "owner": wanted.owner or "",
        "percent": "" if wanted.percent is None else str(wanted.percent),
        "targetReleaseNumber": str(wanted.target or latest),
    }
    elements |= {f"TagList/tag[{number}]": tag for number, tag in enumerate(wanted.tags, start=1)}
    for number, (slot, value) in enumerate(wanted.config_values.items(), start=1):
        entry = f"ConfigValueList/ConfigValue[{number}]"
        elements |= {f"{entry}/externalId": slot, f"{entry}/value": value}
    return elements


def _field_of(fault: Fault) -> str:
    match fault.path:
        case ("config_values", int(position), *_):
            slots = list(given_values(_VALUE))
            return _VALUE + slots[position] if position < len(slots) else ""
        case ("target_release_number",):
            return "target"
        case _:
            return fault.field


def _planned(connection: Connection, bulk: Rollout) -> _Planned:
    result = impact(connection, bulk)
    owners = read_external_users(connection, {update.instance.owner for update in result.updates[:MOST_SHOWN]})
    return _Planned(result, {user: found.name for user, found in owners.items()})


def _move(update: InstanceUpdate, target: int) -> MovedInstance:
    """Return a planned move as the page of the run shows it afterwards."""
    instance = update.instance
    return MovedInstance(
        instance.instance_id,
        instance.name,
        instance.owner,
        str(instance.release),
        str(target),
        update.type.value,
        update.pending,
        update.error_message or "",
    )


def _page(solution_id: str, shown: Form, planned: _Planned | None = None, *, status: int = 200) -> Response:
    require_solutions(caller())
    with snapshot(resources().engine) as connection:
        found = found_solution(connection, solution_id)
        releases = read_releases(connection, found.solution_id)
        target = shown.value("target")
        number = int(target) if is_whole_number(target) and len(target) <= _MOST_DIGITS else 0
        number = number or found.latest_release_number
        content = read_contents(connection, found.solution_id, [number]).get(number)
    hidden: list[ConfigSlot] = [slot for slot in content.config_slots if slot.hidden] if content else []
    return page(
        "solutions/rollout.html",
        "Roll back" if number < found.latest_release_number else "Roll out",
        section="Solutions",
        crumbs=crumbs_to(found),
        solution=found,
        releases=_choices(found, [release.number for release in releases]),
        hidden=hidden,
        form=shown.on_page_with({*_FIELDS, *(_VALUE + slot.external_id for slot in hidden)}),
        planned=planned,
        most=MOST_SHOWN,
        status=status,
    )


def _choices(solution: Solution, numbers: list[int]) -> list[tuple[str, str]]:
    latest = solution.latest_release_number
    return [
        (str(number), f"Release {number}, the latest" if number == latest else f"Release {number} (roll back)")
        for number in numbers
    ]
