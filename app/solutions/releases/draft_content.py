"""The content of a release that is made from a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection

from app.solutions.content.model import AuthSlot, Content
from app.solutions.people.authentications import Authentication, read_authentications


def released_content(connection: Connection, draft: Content) -> Content:
    """Return the content that a release made from a draft now would have.

    Empty fields of an auth slot are filled from its own authentication as it is now, so that one that "has been updated
    and [...] has additional scopes" requires an upgrade.
    """
    linked = {slot.authentication_id for slot in draft.auth_slots if slot.authentication_id is not None}
    known = read_authentications(connection, ids=linked) if linked else {}
    return replace(draft, auth_slots=tuple(_completed(slot, known) for slot in draft.auth_slots))


def _completed(slot: AuthSlot, known: Mapping[str, Authentication]) -> AuthSlot:
    linked = known.get(slot.authentication_id or "")
    if linked is None:
        return slot
    return replace(
        slot,
        service=slot.service or linked.facts.service,
        service_version=slot.service_version or linked.facts.service_version,
        service_environment=slot.service_environment or linked.facts.service_environment,
        scopes=slot.scopes or linked.facts.scopes,
    )
