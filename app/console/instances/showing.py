"""The page of an instance."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request

from app.console.activity import in_words
from app.console.forms import Form
from app.console.instances.addresses import CRUMB, found_instance
from app.console.pages import page
from app.console.reasons import reasons_of
from app.console.visitor import caller
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.errors import RelinkError
from app.identity.audit import read_events_of_instance
from app.identity.rights import require_solutions
from app.solutions.content.model import AuthSlot, Content, Slot
from app.solutions.instances.reading import Instance
from app.solutions.instances.system_input import read_system_slots
from app.solutions.people.authentications import Authentication, read_authentications
from app.solutions.people.external_users import read_external_users
from app.solutions.releases.contents import read_contents
from app.solutions.releases.history import compare_releases
from app.solutions.releases.solutions import read_solution
from app.web.context import resources

blueprint = Blueprint("instance", __name__)

CONFIG_FIELD: Final = "value-"
AUTH_FIELD: Final = "auth-"
"""The names of fields for slots begin with these, so that the name says nothing about what a field holds."""
_EVENTS = 50


@blueprint.get("/instances/<instance_id>")
@short_statements()
def instance(instance_id: str) -> Response:
    """Show an instance."""
    return show(instance_id, done=request.args.get("done", ""))


def show(
    instance_id: str,
    *,
    done: str = "",
    wizard: str = "",
    refused: RelinkError | None = None,
    form: Form | None = None,
    status: int = 200,
) -> Response:
    """Return the page of an instance, after what was done, or why it was refused. `wizard` is the path of a wizard,
    `form` the form for the values of hidden slots."""
    require_solutions(caller())
    with snapshot(resources().engine) as connection:
        found = found_instance(connection, instance_id)
        solution = read_solution(connection, found.solution_id)
        release = found.release_number
        content = read_contents(connection, found.solution_id, [release])[release]
        owners = read_external_users(connection, [found.owner])
        authentications = read_authentications(connection, ids=found.auth_values.values())
        history = in_words(connection, read_events_of_instance(connection, found.instance_id, _EVENTS))
        system_slots = read_system_slots(connection, found)
        ahead = None
        if found.flags.has_newer_version:
            ahead = compare_releases(connection, found.solution_id, release, found.latest_release_number).judgement
    return page(
        "instances/instance.html",
        found.name,
        section="Instances",
        crumbs=(CRUMB,),
        instance=found,
        solution=solution,
        owner=owners.get(found.owner),
        content=content,
        pending=_pending(found, content),
        authentications=authentications,
        system_slots=system_slots,
        choices={each.slot.external_id: [_option(one) for one in each.choices] for each in system_slots},
        can_fill=any(each.choices or not each.is_auth for each in system_slots),
        form=(form or Form()).on_page_with({slot_field(each.slot) for each in system_slots}),
        history=history,
        ahead=ahead,
        done=done,
        wizard=wizard,
        reasons=[] if refused is None else reasons_of(refused),
        status=status,
    )


def slot_field(slot: Slot) -> str:
    """Return the name of the field for a hidden slot."""
    return (AUTH_FIELD if isinstance(slot, AuthSlot) else CONFIG_FIELD) + slot.external_id


def _option(authentication: Authentication) -> tuple[str, str]:
    """Return an authentication as an entry of a choice."""
    whose = ", the builder's" if authentication.owner is None else ""
    return authentication.facts.authentication_id, f"{authentication.name}{whose}"


def _pending(found: Instance, content: Content) -> list[tuple[str, str]]:
    """Return the slots that lack a value, each with who gives it."""
    slots = {(slot.kind, slot.external_id): slot for slot in found.pending}
    titles = {key: slot.title for key in slots if (slot := content.slot(*key)) is not None}
    return [
        (titles.get(key) or key[1], "the system" if slot.hidden else "its user in the wizard")
        for key, slot in slots.items()
    ]
