"""The configuration of an instance in the wizard: what is shown, and the one transaction that stores it at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from app.errors import UserError, missing, not_found
from app.solutions.content.model import AuthSlot, SlotKind
from app.solutions.content.values import authentication_fault
from app.solutions.instances.changing import upgrade_locked
from app.solutions.instances.moving import lock_to_move
from app.solutions.instances.reading import Instance, InstanceRow, read_row
from app.solutions.instances.values import GivenValues, read_values
from app.solutions.limits import Limits
from app.solutions.people.authentications import (
    Authentication,
    AuthenticationDraft,
    read_authentications,
    set_authentication,
)
from app.solutions.people.cipher import Cipher
from app.solutions.people.external_users import lock_external_user
from app.solutions.releases.contents import read_contents
from app.solutions.releases.solutions import read_solution
from app.solutions.texts import identifier
from app.solutions.wizard.sessions import FilledIn, WizardSession, end_session
from app.solutions.wizard.steps import ShownSlot, WizardStep, steps


class EndedError(Exception):
    """The session has ended meanwhile, because another request has finished or cancelled it."""


class NewerReleaseError(Exception):
    """A release was published after the pages were made. Nothing was stored."""


class StepsLeftError(Exception):
    """The request comes from a step, not from the summary. Nothing was stored."""


@dataclass(frozen=True)
class Configuration:
    """An instance with the steps of its wizard, and the authentications of its owner by id."""

    row: InstanceRow
    title: str
    steps: list[WizardStep]
    authentications: Mapping[str, Authentication]
    hidden_authentications: Mapping[str, str]
    """The authentications that the instance holds in slots that the end user does not see."""

    @property
    def places(self) -> Iterator[ShownSlot]:
        """All slots that the end user sees, in the order of the steps."""
        for step in self.steps:
            yield from step.places

    def fitting(self, place: ShownSlot) -> list[Authentication]:
        """Return the authentications that may be chosen for an auth slot: those that fit and that the wizard may show,
        and the one that the instance holds, if it fits."""
        slot = place.slot
        if not isinstance(slot, AuthSlot):
            return []
        held = place.held.authentication if place.held else None
        held_id = None if held is None else held.authentication_id
        return [
            authentication
            for key, authentication in self.authentications.items()
            if authentication_fault(slot, authentication.facts) is None
            and (key == held_id or (not authentication.hidden and authentication.owner is not None))
        ]


def read_instance_of(connection: Connection, owner: str, instance_id: str) -> InstanceRow:
    """Return an instance of an end user. Raises UserError about `solution_instance_id`."""
    with suppress(UserError):
        row = read_row(connection, instance_id)
        if row.owner == owner:
            return row
    raise _not_found()


def read_configuration(connection: Connection, owner: str, instance_id: str) -> Configuration:
    """Return the configuration of an instance of an end user. The connection must have a snapshot. Raises UserError
    about `solution_instance_id`."""
    row = read_instance_of(connection, owner, instance_id)
    contents = read_contents(connection, row.solution_id)
    values = read_values(connection, [row.instance_id]).get(row.instance_id, {})
    title = read_solution(connection, row.solution_id).title
    found = steps(row.release_number, row.latest_release_number, contents, values)
    own = {
        identifier(slot.authentication_id) or ""
        for slot in contents[row.latest_release_number].auth_slots
        if slot.authentication_id is not None
    }
    builders = read_authentications(connection, ids=own) if own else {}
    seen = {place.key for step in found for place in step.places}
    hidden = {
        name: value.authentication.authentication_id
        for (kind, name), value in values.items()
        if value.authentication is not None and (kind, name) not in seen
    }
    known = {**builders, **read_authentications(connection, owner=owner)}
    return Configuration(row, title, found, known, hidden)


def finish(connection: Connection, cipher: Cipher, limits: Limits, session: WizardSession, position: int) -> Instance:
    """Store what was filled in, move the instance to the latest release if it is behind, and end the session.

    `position` is that of the page: the summary follows the last step. Raises UserError if a value is refused, if a slot
    that the end user sees is still pending, or if there is no such instance; EndedError, NewerReleaseError and
    StepsLeftError. Nothing is stored then, if the transaction is rolled back.
    """
    if session.instance_id is None:
        raise EndedError
    # In the order in which a removal of the end user or of the instance locks them.
    try:
        lock_external_user(connection, session.owner, "owner", alone=True)
    except UserError:
        raise EndedError from None
    locked = lock_to_move(connection, session.instance_id)
    if not end_session(connection, session.token):
        raise EndedError
    if locked is None or locked.row.owner != session.owner:
        raise _not_found()
    row, filled_in = locked.row, session.filled_in
    if row.latest_release_number != filled_in.release:
        raise NewerReleaseError
    contents = read_contents(connection, row.solution_id, locked.needed_releases)
    found = steps(row.release_number, row.latest_release_number, contents, locked.values)
    if position < len(found):
        raise StepsLeftError
    places = {place.key: place for step in found for place in step.places}
    chosen = dict(_chosen(connection, cipher, limits, session, places.values()))
    config = {name: value for name, value in filled_in.config.items() if (SlotKind.CONFIG, name) in places}
    instance = upgrade_locked(
        connection, locked, contents, GivenValues(config, chosen), by_end_user=True, limits=limits
    )
    lacking = [places[slot.kind, slot.external_id].title for slot in instance.pending if not slot.hidden]
    if lacking:
        named = ", ".join(f'"{title}"' for title in lacking)
        raise UserError(missing("", f"These settings still need a value: {named}"))
    return instance


def _not_found() -> UserError:
    reason = "it was removed, or it belongs to another user"
    return UserError(not_found("solution_instance_id", "the integration", reason, is_sentence=True))


def _chosen(
    connection: Connection, cipher: Cipher, limits: Limits, session: WizardSession, places: Iterable[ShownSlot]
) -> Iterator[tuple[str, str]]:
    """Yield the authentication for each auth slot that has one. New ones are created now."""
    filled_in: FilledIn = session.filled_in
    for place in places:
        name = place.slot.external_id
        if not isinstance(place.slot, AuthSlot):
            continue
        if name in filled_in.new:
            new = filled_in.new[name]
            draft = AuthenticationDraft(
                owner=session.owner,
                name=new.name,
                service=place.slot.service,
                service_version=place.slot.service_version,
                service_environment=place.slot.service_environment or new.environment,
                scopes=tuple(sorted(place.slot.scopes)),
                data=new.data,
                new_id=new.authentication_id,
            )
            yield name, set_authentication(connection, cipher, draft, limits)
        elif name in filled_in.chosen:
            yield name, filled_in.chosen[name]
