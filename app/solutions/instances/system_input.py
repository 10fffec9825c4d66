"""The hidden slots of an instance for which the system has to give a value, as part of an upgrade or afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from app.solutions.content.flags import breaking_changes, open_changes, pending, slot_of, values_after_move
from app.solutions.content.model import AuthSlot, GivenValue, Slot, SlotKey, SlotKind
from app.solutions.content.values import authentication_fault
from app.solutions.instances.reading import Instance
from app.solutions.instances.values import read_values
from app.solutions.people.authentications import Authentication, read_authentications
from app.solutions.releases.contents import read_contents


@dataclass(frozen=True)
class SystemSlot:
    """A hidden slot of the latest release that needs a value. `choices` are the authentications that fit an auth
    slot."""

    slot: Slot
    choices: Sequence[Authentication] = ()

    @property
    def is_auth(self) -> bool:
        """Whether the slot takes an authentication."""
        return isinstance(self.slot, AuthSlot)


def read_system_slots(connection: Connection, instance: Instance) -> list[SystemSlot]:
    """Return the hidden slots of the latest release that need a value once the instance is on that release: auth slots,
    then config slots, each in the order of the release."""
    contents = read_contents(connection, instance.solution_id)
    present, latest = instance.release_number, instance.latest_release_number
    content = contents[latest]
    stored = read_values(connection, [instance.instance_id]).get(instance.instance_id, {})
    values: dict[SlotKey, GivenValue] = values_after_move(stored, content)
    wanted = {(slot.kind, slot.external_id) for slot in pending(latest, contents, values)}
    if present < latest:
        breaking = breaking_changes(contents[present], content)
        wanted |= {slot_of(change) for change in open_changes(breaking, latest, contents, values)}
    auth_slots = [slot for slot in content.auth_slots if slot.hidden and (SlotKind.AUTH, slot.external_id) in wanted]
    owned = list(read_authentications(connection, owner=instance.owner).values()) if auth_slots else []
    return [
        *(SystemSlot(slot, _choices(connection, slot, owned)) for slot in auth_slots),
        *(
            SystemSlot(slot)
            for slot in content.config_slots
            if slot.hidden and (SlotKind.CONFIG, slot.external_id) in wanted
        ),
    ]


def _choices(connection: Connection, slot: AuthSlot, owned: Sequence[Authentication]) -> list[Authentication]:
    """Return the authentications that an auth slot accepts: the builder's own one for the slot, and the end user's."""
    builders = read_authentications(connection, ids=[slot.authentication_id]) if slot.authentication_id else {}
    own = [authentication for authentication in builders.values() if authentication.owner is None]
    return [one for one in (*own, *owned) if authentication_fault(slot, one.facts) is None]
