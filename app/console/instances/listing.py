"""The list of instances, with filters."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flask import Blueprint, Response, request

from app.console.forms import Form
from app.console.instances.addresses import INSTANCES
from app.console.pages import page
from app.console.turns import turn_of
from app.console.urls import with_parameters
from app.console.visitor import caller
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.errors import UserError
from app.identity.rights import require_solutions
from app.solutions.instances.paging import InstancePage, read_page
from app.solutions.instances.reading import InstanceFilter
from app.solutions.instances.waiting import InputFrom
from app.solutions.people.external_users import read_external_users
from app.solutions.releases.solutions import read_solutions
from app.text import collapsed
from app.web.context import resources
from app.web.refusal import Refused

blueprint = Blueprint("instances", __name__)

_PAGE = 50
_STATES: Final = {
    "": ("In any state", InstanceFilter()),
    "newest": ("On the latest release", InstanceFilter(has_newer_version=False)),
    "behind": ("Behind the latest release", InstanceFilter(has_newer_version=True)),
    "user": ("Waiting for their user", InstanceFilter()),
    "system": ("Waiting for the system", InstanceFilter()),
    "failing": ("Failed to move", InstanceFilter(failing=True)),
    "held": ("On hold", InstanceFilter(on_hold=True)),
    "behind-held": ("Behind and on hold", InstanceFilter(has_newer_version=True, on_hold=True)),
}
_WAITING_FOR: Final = {"user": InputFrom.USER, "system": InputFrom.SYSTEM}


@blueprint.get("/instances")
def instances() -> Response:
    """Show the instances that match the filters, the oldest first."""
    require_solutions(caller())
    given = {name: collapsed(request.args.get(name, "")) for name in ("solution", "owner", "name", "state")}
    given = {name: text for name, text in given.items() if text}
    wanted = replace(
        _STATES.get(given.get("state", ""), _STATES[""])[1],
        solution_id=given.get("solution"),
        owner=given.get("owner"),
        name=given.get("name"),
    )
    shared, after = resources(), request.args.get("after") or None
    with turn_of(shared.workload.others), short_statements(), snapshot(shared.engine) as connection:
        try:
            found = read_page(connection, wanted, after, _PAGE, waiting_for=_WAITING_FOR.get(given.get("state", "")))
        except UserError:
            raise Refused(
                404, "The instance after which the page begins no longer exists. Begin at the first page."
            ) from None
        owners = read_external_users(connection, {each.owner for each in found.instances})
        solutions = {each.solution_id: each for each in read_solutions(connection, _solutions(found, wanted))}
    return page(
        "instances/list.html",
        "Instances",
        section="Instances",
        instances=found.instances,
        owners=owners,
        solutions=solutions,
        form=Form(given),
        states=[(state, text) for state, (text, _) in _STATES.items()],
        filtered=bool(given),
        following=with_parameters(INSTANCES, {**given, "after": found.after}) if found.after else "",
        first=with_parameters(INSTANCES, given) if after else "",
    )


def _solutions(found: InstancePage, wanted: InstanceFilter) -> set[str]:
    return {each.solution_id for each in found.instances} | ({wanted.solution_id} if wanted.solution_id else set())
