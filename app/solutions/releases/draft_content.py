"""What a release that is made of a draft holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection

from app.solutions.content.model import AuthSlot, Content
from app.solutions.people.authentications import Authentication, read_authentications


def released_content(connection: Connection, draft: Content) -> Content:
    """Return the content of a release made of a draft now.

    What an auth slot leaves empty is as the authentication linked to it has it now, so that one that "has been updated
    and [...] has additional scopes" asks for an upgrade.
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
