"""Pages that only create or change an authentication of an end user, as a host opens them beside its own pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from flask import Blueprint, Response, request

from app.database.connection import short_statements
from app.database.engine import snapshot
from app.errors import UserError, not_found
from app.solutions.content.model import AuthSlot
from app.solutions.people.authentications import NEVER, AuthenticationDraft, read_authentications, set_authentication
from app.solutions.texts import identifier
from app.solutions.wizard.configuring import read_configuration, read_instance_of
from app.solutions.wizard.sessions import (
    FilledIn,
    NewAuthentication,
    Purpose,
    WizardSession,
    create_session,
    end_session,
)
from app.web.context import limits, resources
from app.web.refusal import Forbidden
from app.wizard.fields import NotAnAccountError, new_account
from app.wizard.responses import page, reasons_of
from app.wizard.visiting import cipher, is_only_looking, redeemed_user, session_of

blueprint = Blueprint("authorise", __name__)
_FOR_SLOT: Final = "/auth/create/<partner>/<instance>/<path:external_id>"
_CREATE: Final = "/auth/create/<partner>"
_EDIT: Final = "/auth/edit/<partner>/<authentication>"
_NAME: Final = "account"
_STILL_EXPIRED = "The name is saved. The account cannot be used before it gets new credentials."
_ENDED = "The page was finished or closed in another window."


@dataclass(frozen=True)
class _Subject:
    """What an authentication is for: the slot that it must fit, and the authentication that is changed, if any."""

    slot: AuthSlot
    authentication_id: str | None = None
    name: str = ""
    environment: str = ""
    has_expired: bool = False


@blueprint.get(_FOR_SLOT)
def begin_for_slot(partner: str, instance: str, external_id: str) -> Response:  # noqa: ARG001
    """Begin to create an authentication for a slot of an instance."""
    return _begin(Purpose.CREATE_AUTHENTICATION, instance, external_id)


@blueprint.post(_FOR_SLOT)
def create_for_slot(partner: str, instance: str, external_id: str) -> Response:  # noqa: ARG001
    """Create the authentication."""
    return _go_on(session_of(Purpose.CREATE_AUTHENTICATION, instance_id=instance, subject=external_id))


@blueprint.get(_CREATE)
def begin(partner: str) -> Response:  # noqa: ARG001
    """Begin to create an authentication for any service."""
    return _begin(Purpose.CREATE_AUTHENTICATION, None, None)


@blueprint.post(_CREATE)
def create(partner: str) -> Response:  # noqa: ARG001
    """Create the authentication."""
    return _go_on(session_of(Purpose.CREATE_AUTHENTICATION))


@blueprint.get(_EDIT)
def begin_to_edit(partner: str, authentication: str) -> Response:  # noqa: ARG001
    """Begin to give an authentication another name or other credentials."""
    return _begin(Purpose.EDIT_AUTHENTICATION, None, authentication)


@blueprint.post(_EDIT)
def edit(partner: str, authentication: str) -> Response:  # noqa: ARG001
    """Change the authentication."""
    return _go_on(session_of(Purpose.EDIT_AUTHENTICATION, subject=authentication))


def _begin(purpose: Purpose, instance: str | None, subject: str | None) -> Response:
    if is_only_looking():
        return Response(status=204)
    owner = redeemed_user()
    with short_statements(), resources().engine.begin() as connection:
        row = None if instance is None else read_instance_of(connection, owner, instance)
        instance_id = None if row is None else row.instance_id
        session = create_session(connection, cipher(), owner, instance_id, FilledIn(purpose, subject))
    return _form(session, _subject(session))


def _subject(session: WizardSession) -> _Subject:
    """Return what the session is about. Raises UserError if it does not exist, or not for this end user."""
    with short_statements(), snapshot(resources().engine) as connection:
        wanted = session.filled_in.subject
        if session.filled_in.purpose is Purpose.EDIT_AUTHENTICATION:
            found = read_authentications(connection, owner=session.owner).get(identifier(wanted) or "")
            if found is None:
                raise UserError(not_found("authentication_id", "the account", is_sentence=True))
            facts = found.facts
            slot = AuthSlot("", found.name, facts.service, facts.service_version, facts.service_environment)
            return _Subject(slot, facts.authentication_id, found.name, facts.service_environment, facts.expired)
        if session.instance_id is None:
            return _Subject(AuthSlot("", service=request.form.get("service", "").strip()))
        for place in read_configuration(connection, session.owner, session.instance_id).places:
            if isinstance(place.slot, AuthSlot) and place.slot.external_id == wanted:
                return _Subject(place.slot)
    raise UserError(not_found("external_id", "the setting", is_sentence=True))


def _go_on(session: WizardSession) -> Response:
    if request.form.get("action") == "cancel":
        with short_statements(), resources().engine.begin() as connection:
            end_session(connection, session.token)
        message = {"type": "tray.authpopup.close"}
        return page("done.html", "Cancelled", message=message, text="Nothing was stored.")
    subject = _subject(session)
    if not subject.slot.service:
        return _form(session, _typed(subject), parts={"service": "Say which service the account is for."})
    keeps = NewAuthentication("", "", "") if subject.authentication_id is None else _UNCHANGED
    try:
        given = new_account(subject.slot, request.form, _NAME, keeps)
        authentication = _set(session, subject, given)
    except NotAnAccountError as error:
        return _form(session, _typed(subject), parts={error.part: str(error)})
    except UserError as error:
        return _form(session, _typed(subject), reasons_of(error))
    message = {"type": "tray.authpopup.finish", "authId": authentication}
    if subject.has_expired and given.data == _UNCHANGED.data:
        return page("done.html", "The account has expired", message=message, text=_STILL_EXPIRED)
    return page("done.html", "The account is connected", message=message, text="You can close this page.")


_UNCHANGED: Final = NewAuthentication("", "", "null")
"""Stands for credentials that stay as they are."""


def _set(session: WizardSession, subject: _Subject, given: NewAuthentication) -> str:
    """Create or change the authentication and end the session, in one transaction.

    New credentials take away the expiry of those that they replace.
    """
    slot, is_new = subject.slot, subject.authentication_id is None
    data = None if given.data == _UNCHANGED.data and not is_new else given.data
    draft = AuthenticationDraft(
        subject.authentication_id,
        owner=session.owner,
        name=given.name,
        service=slot.service if is_new else None,
        service_version=slot.service_version if is_new else None,
        service_environment=given.environment if is_new else None,
        scopes=tuple(sorted(slot.scopes)) if is_new else None,
        data=data,
        expires=None if is_new or data is None else NEVER,
    )
    with short_statements(), resources().engine.begin() as connection:
        if not end_session(connection, session.token):
            raise Forbidden(_ENDED)
        return set_authentication(connection, cipher(), draft, limits())


def _typed(subject: _Subject) -> _Subject:
    return replace(
        subject,
        name=request.form.get(f"name-{_NAME}", ""),
        environment=request.form.get(f"environment-{_NAME}", ""),
    )


def _form(
    session: WizardSession,
    subject: _Subject,
    reasons: list[str] | None = None,
    parts: dict[str, str] | None = None,
) -> Response:
    is_new = subject.authentication_id is None
    return page(
        "account.html",
        "Connect an account" if is_new else "Change an account",
        subject=subject,
        slot=subject.slot,
        is_new=is_new,
        names_service=session.instance_id is None and is_new,
        reasons=reasons or [],
        parts=parts or {},
        token=session.token,
        action=request.path,
        name=_NAME,
    )
