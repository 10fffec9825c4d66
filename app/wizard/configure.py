"""The configuration wizard: the screens of a solution, one each, then a summary, then everything is stored at once."""

from __future__ import annotations

import hmac
import time
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from app.database.connection import short_statements
from app.database.engine import snapshot
from app.errors import UserError
from app.solutions.content.model import AuthSlot, ConfigSlot, read_json
from app.solutions.wizard.configuring import (
    Configuration,
    EndedError,
    NewerReleaseError,
    StepsLeftError,
    finish,
    read_configuration,
    read_instance_of,
)
from app.solutions.wizard.options import ListSource, read_choices
from app.solutions.wizard.sessions import (
    FilledIn,
    Purpose,
    WizardSession,
    create_session,
    end_session,
    store_filled_in,
)
from app.solutions.wizard.steps import ShownSlot
from app.solutions.wizard.texts_of_values import Choice, text_of
from app.web.context import limits, resources
from app.web.refusal import Forbidden
from app.wizard.fields import NEW, Entered, chosen_account, entered_in, fields_of, shown_value
from app.wizard.responses import origin_of, page, reasons_of
from app.wizard.visiting import cipher, is_only_looking, redeemed_user, session_of

blueprint = Blueprint("configure", __name__)
_ADDRESS: Final = "/solutions/<partner>/configure/<instance>"
_PUBLISHED = "A new version was published meanwhile. Look at the settings again: what is new is marked."
_OTHER_STEP = "The settings of this integration have changed meanwhile. Look at them again."
_LISTS_WITHIN: Final = 10.0
"""The lists of one page are loaded within this time. A list that was not requested counts as one that cannot
be loaded."""
_CHANGED_ELSEWHERE = "The page was finished or cancelled in another window."


@blueprint.get(_ADDRESS)
def begin(partner: str, instance: str) -> Response:  # noqa: ARG001 - the partner may have any name
    """Exchange the code for a session, and show the first screen."""
    if is_only_looking():
        return Response(status=204)
    owner = redeemed_user()
    validates = request.args.get("customValidation", "").lower() == "true"
    with short_statements(), resources().engine.begin() as connection:
        row = read_instance_of(connection, owner, instance)
        filled_in = FilledIn(Purpose.CONFIGURE, validates=validates, release=row.latest_release_number)
        session = create_session(connection, cipher(), owner, row.instance_id, filled_in)
    return _screen(session, _configuration(session), 0)


@blueprint.post(_ADDRESS)
def go_on(partner: str, instance: str) -> Response:  # noqa: ARG001
    """Take what a screen has filled in, and show the next page."""
    session = session_of(Purpose.CONFIGURE, instance_id=instance)
    action = request.form.get("action", "next")
    if action == "cancel":
        with short_statements(), resources().engine.begin() as connection:
            end_session(connection, session.token)
        message = {"type": "tray.configPopup.cancel"}
        return page("done.html", "Cancelled", message=message, text="Nothing was stored.")
    position = _position()
    if action == "finish" and (finished := _finished(session, position)) is not None:
        return finished
    configuration = _configuration(session)
    if session.filled_in.release != configuration.row.latest_release_number:
        return _again(session, configuration)
    position = min(position, len(configuration.steps))
    if position == len(configuration.steps):
        return _screen(session, configuration, _target(action, position))
    step = configuration.steps[position]
    if request.form.get("shown") != step.fingerprint:
        return _screen(session, configuration, 0, notices=[_OTHER_STEP])
    entered = entered_in(step, configuration, session.filled_in, request.form, limits().instance_bytes)
    session = _stored(session, entered.filled_in)
    if action == "next" and entered.faults:
        return _screen(session, configuration, position, replace(entered, filled_in=session.filled_in))
    if action == "reload":  # nothing is wrong yet with what is still incomplete
        return _screen(session, configuration, position, Entered(session.filled_in, {}, entered.texts))
    return _screen(session, configuration, _target(action, position))


def _position() -> int:
    given = request.form.get("position", "0")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0


def _target(action: str, position: int) -> int:
    """Return the position of the page that a button leads to."""
    verb, _, number = action.partition("-")
    if verb == "go" and number.isascii() and number.isdigit() and len(number) < 6:
        return int(number)
    return {"back": position - 1, "next": position + 1}.get(action, position)


def _configuration(session: WizardSession) -> Configuration:
    with short_statements(), snapshot(resources().engine) as connection:
        return read_configuration(connection, session.owner, session.instance_id or "")


def _stored(session: WizardSession, filled_in: FilledIn) -> WizardSession:
    with short_statements(), resources().engine.begin() as connection:
        store_filled_in(connection, cipher(), session.token, filled_in)
    return replace(session, filled_in=filled_in)


def _again(session: WizardSession, configuration: Configuration) -> Response:
    """Show the first screen of a release that was published meanwhile, with what was filled in so far."""
    release = configuration.row.latest_release_number
    session = _stored(session, replace(session.filled_in, release=release))
    return _screen(session, configuration, 0, notices=[_PUBLISHED])


def _finished(session: WizardSession, position: int) -> Response | None:
    """Store everything in one transaction, or say why it cannot be stored. Returns None if the page is not the summary
    of the latest release."""
    try:
        with short_statements(), resources().engine.begin() as connection:
            finish(connection, cipher(), limits(), session, position)
    except EndedError:
        raise Forbidden(_CHANGED_ELSEWHERE) from None
    except (NewerReleaseError, StepsLeftError):
        return None
    except UserError as error:
        return _summary(session, _configuration(session), reasons_of(error))
    return page(
        "done.html",
        "Your settings are saved",
        message={"type": "tray.configPopup.finish"},
        text="You can close this page.",
    )


def _screen(
    session: WizardSession,
    configuration: Configuration,
    position: int,
    entered: Entered | None = None,
    notices: list[str] | None = None,
) -> Response:
    if position >= len(configuration.steps):
        return _summary(session, configuration)
    position = max(position, 0)
    step = configuration.steps[position]
    settings = resources().settings

    until = time.monotonic() + _LISTS_WITHIN

    def choices(slot: ConfigSlot, filled_in: FilledIn) -> list[Choice] | None:
        return _choices(configuration, slot, filled_in) if time.monotonic() < until else None

    entered = entered or Entered(session.filled_in)
    fields = fields_of(step, configuration, entered, choices, dialog=settings.auth_url is not None)
    return page(
        "screen.html",
        step.title,
        solution=configuration.title,
        step=step,
        fields=fields,
        faults=entered.faults,
        notices=notices or [],
        token=session.token,
        position=position,
        count=len(configuration.steps) + 1,
        action=request.path,
        validates=_values(session.filled_in, configuration) if session.filled_in.validates else None,
        dialogs=_dialogs(session, configuration),
        dialog_origin=origin_of(settings.auth_url) if settings.auth_url else "",
        has_lists=settings.options_url is not None,
    )


def _choices(configuration: Configuration, slot: ConfigSlot, filled_in: FilledIn) -> list[Choice] | None:
    """Return the entries of a list, for the authentication that is chosen in the slot that the list is linked with."""
    if slot.ddl is None:
        return None
    source, linked = ListSource(slot.ddl, configuration.row.instance_id), slot.ddl.auth_slot_external_id
    chosen = source if linked is None else _for_account(source, configuration, linked, filled_in)
    return None if chosen is None else read_choices(resources().settings, chosen)


def _for_account(
    source: ListSource, configuration: Configuration, external_id: str, filled_in: FilledIn
) -> ListSource | None:
    """Return the source of a list for the account in a slot, or None if no account is chosen there."""
    held = configuration.hidden_authentications.get(external_id)
    for place in configuration.places:
        if isinstance(place.slot, AuthSlot) and place.slot.external_id == external_id:
            if external_id in filled_in.new:
                return replace(source, authentication_id=filled_in.new[external_id].authentication_id, is_new=True)
            held = chosen_account(place, filled_in, configuration.fitting(place)) or None
    return None if held is None else replace(source, authentication_id=held)


def _dialogs(session: WizardSession, configuration: Configuration) -> dict[str, str]:
    """Return the address of the host's dialog for each auth slot, if the host has one."""
    url = resources().settings.auth_url
    if url is None:
        return {}
    found = {}
    for place in configuration.places:
        if isinstance(place.slot, AuthSlot):
            state = hmac.new(session.token.encode(), place.slot.external_id.encode(), "sha256").hexdigest()
            query = {
                "service": place.slot.service,
                "environment": place.slot.service_environment,
                "instance": configuration.row.instance_id,
                "state": state,
            }
            found[place.slot.external_id] = f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
    return found


def _values(filled_in: FilledIn, configuration: Configuration) -> dict[str, Any]:
    """Return the values that the host validates, as they were before the present screen."""
    config, auth = {}, {}
    for place in configuration.places:
        if isinstance(place.slot, AuthSlot):
            chosen = chosen_account(place, filled_in, configuration.fitting(place))
            auth[place.slot.external_id] = None if chosen in ("", NEW) else chosen
        else:
            value = shown_value(place, filled_in)
            config[place.slot.external_id] = None if value is None else read_json(value)
    return {"configValues": config, "authValues": auth}


def _summary(session: WizardSession, configuration: Configuration, reasons: list[str] | None = None) -> Response:
    rows = [
        (number, step, [(place, *_summary_of(place, session.filled_in, configuration)) for place in step.places])
        for number, step in enumerate(configuration.steps)
    ]
    return page(
        "summary.html",
        "Summary",
        solution=configuration.title,
        rows=rows,
        reasons=reasons or [],
        token=session.token,
        position=len(configuration.steps),
        count=len(configuration.steps) + 1,
        action=request.path,
    )


def _summary_of(place: ShownSlot, filled_in: FilledIn, configuration: Configuration) -> tuple[str, str]:
    """Return what people read as the value of a slot, and what is said about it."""
    slot = place.slot
    if isinstance(slot, AuthSlot):
        if slot.external_id in filled_in.new:
            return filled_in.new[slot.external_id].name, "new account"
        chosen = chosen_account(place, filled_in, configuration.fitting(place))
        return (configuration.authentications[chosen].name, "") if chosen else ("", "")
    value = shown_value(place, filled_in)
    if slot.type == "boolean":
        return {"true": "Yes", "false": "No"}.get(value or "", ""), ""
    is_default = slot.external_id not in filled_in.config and place.held is None and value is not None
    return text_of(slot, value), "default" if is_default else ""
