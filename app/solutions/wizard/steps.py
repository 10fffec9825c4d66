"""The steps of the configuration wizard: the screens of the latest release, with the slots that an end user fills.

What the instance lacks, and what a new release changes, comes first and is marked. Hidden slots are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256

from app.solutions.content.changes import breaking_changes_of_slot
from app.solutions.content.flags import Contents, Values, breaking_changes, open_changes, pending, slot_of
from app.solutions.content.model import AuthSlot, ConfigSlot, GivenValue, Screen, Slot, SlotKey, SlotKind

_REST = "More settings"
_ALL = "Settings"


class Mark(StrEnum):
    """Why an end user should look at a slot."""

    NEW = "new"
    CHANGED = "changed"
    NEEDED = "needed"


@dataclass(frozen=True)
class ShownSlot:
    """A slot on a screen, and the value that the instance holds for it."""

    kind: SlotKind
    slot: Slot
    held: GivenValue | None = None
    mark: Mark | None = None

    @property
    def key(self) -> SlotKey:
        """The kind and the external id of the slot."""
        return self.kind, self.slot.external_id

    @property
    def title(self) -> str:
        """What people call the slot."""
        return self.slot.title or self.slot.external_id


@dataclass(frozen=True)
class WizardStep:
    """A screen with the slots that an end user sees."""

    title: str
    text: str
    places: tuple[ShownSlot, ...]

    @property
    def fingerprint(self) -> str:
        """A digest that differs between steps with different titles or slots."""
        keys = sorted(f"{kind.value} {external_id}" for kind, external_id in (place.key for place in self.places))
        return sha256("\n".join([self.title, *keys]).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def is_marked(self) -> bool:
        """Whether any of its slots is marked."""
        return any(place.mark is not None for place in self.places)


def steps(release: int, latest: int, contents: Contents, values: Values) -> list[WizardStep]:
    """Return the steps for an instance on a release that holds these values.

    The steps are the screens of the latest release, and a last one for the slots that are on no screen. Steps without
    slots and text are left out. Steps with marks come first, unless the end user sees all of this for the first time.
    `contents` must have both releases and the releases that the values were given for.
    """
    places = dict(_places(release, latest, contents, values))
    found = [_step(screen, places) for screen in contents[latest].screens]
    found = [step for step in found if step.places or step.text]
    if places:
        found.append(WizardStep(_REST if found else _ALL, "", _marked_first(places.values())))
    is_known = bool(values) or release < latest
    return sorted(found, key=lambda step: not step.is_marked) if is_known else found


def _step(screen: Screen, places: dict[SlotKey, ShownSlot]) -> WizardStep:
    """Return the step of a screen, and take its slots out of `places`."""
    keys = [(kind, external_id) for external_id in screen.slots for kind in (SlotKind.AUTH, SlotKind.CONFIG)]
    return WizardStep(screen.title, screen.text, _marked_first(places.pop(key) for key in keys if key in places))


def _marked_first(places: Iterable[ShownSlot]) -> tuple[ShownSlot, ...]:
    return tuple(sorted(places, key=lambda place: place.mark is None))


def _places(release: int, latest: int, contents: Contents, values: Values) -> Iterator[tuple[SlotKey, ShownSlot]]:
    content = contents[latest]
    waiting = {(slot.kind, slot.external_id) for slot in pending(latest, contents, values)}
    changed: set[SlotKey] = set()
    if release < latest:
        breaking = breaking_changes(contents[release], content)
        changed = {slot_of(change) for change in open_changes(breaking, latest, contents, values)}
    is_known = bool(values) or release < latest
    slots: list[tuple[SlotKind, AuthSlot | ConfigSlot]] = [(SlotKind.AUTH, slot) for slot in content.auth_slots]
    slots += [(SlotKind.CONFIG, slot) for slot in content.config_slots]
    for kind, slot in slots:
        if slot.hidden:
            continue
        place = ShownSlot(kind, slot, values.get((kind, slot.external_id)))
        if release < latest and contents[release].slot(*place.key) is None:
            place = replace(place, mark=Mark.NEW)
        elif place.key in changed or (place.key in waiting and _has_changed_since(place, contents)):
            place = replace(place, mark=Mark.CHANGED)
        elif place.key in waiting and is_known:
            place = replace(place, mark=Mark.NEEDED)
        yield place.key, place


def _has_changed_since(place: ShownSlot, contents: Contents) -> bool:
    """Return whether the slot has a breaking change since the value was given, as after an upgrade without values."""
    if place.held is None:
        return False
    given_for = (contents[number].slot(*place.key) for number in place.held.given_for if number in contents)
    known = [slot for slot in given_for if slot is not None]
    return bool(known) and all(breaking_changes_of_slot(slot, place.slot) for slot in known)
