"""What a newer release requires of an instance, and what a publication means for the instances.

One flag says that "new config or auth data is available which requires the End User to run the Config Wizard again".
Another one says the same of hidden slots, which the system has to fill.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from app.solutions.content.changes import Change, changes
from app.solutions.content.model import Content, Flags, GivenValue, Slot, SlotKey, SlotKind
from app.solutions.content.values import is_good

Contents: TypeAlias = Mapping[int, Content]
"""Contents by release number."""

Values: TypeAlias = Mapping[SlotKey, GivenValue]
"""What an instance holds, by slot."""


class PendingSlot(NamedTuple):
    """A slot that an instance must fill: the end user fills it in the wizard, or the system if the slot is hidden."""

    kind: SlotKind
    external_id: str
    hidden: bool


class WaitsFor(NamedTuple):
    """Whom an instance waits for: its end user, the system, or both."""

    user: bool
    system: bool


@dataclass(frozen=True)
class PublishJudgement:
    """What publishing a draft means for the instances on the release before it.

    Without changes the draft may still differ from the release: in the order of its slots, or in a slot that is no
    longer mandatory. `is_same` is True if it does not.
    """

    changes: list[Change]
    is_same: bool
    breaking_changes: bool
    requires_new_user_input: bool
    requires_new_system_input: bool


def flags(instance_release: int, latest: int, contents: Contents, values: Values) -> Flags:
    """Return the flags of an instance.

    A breaking change of a visible slot requires user input, a breaking change of a hidden slot system input. The latest
    release decides whether a slot is hidden. Only an instance with a newer version requires input. `contents` must have
    both releases and the releases that the values were given for.
    """
    if instance_release >= latest:
        return Flags()
    return flags_of(breaking_changes(contents[instance_release], contents[latest]), latest, contents, values)


def flags_of(breaking: Iterable[Change], latest: int, contents: Contents, values: Values) -> Flags:
    """Return the flags of an instance on an older release. `breaking` are the breaking changes from its release to the
    latest, which are the same for all instances on its release."""
    unsettled = open_changes(breaking, latest, contents, values)
    return Flags(True, _asks(unsettled, hidden=False), _asks(unsettled, hidden=True))


def breaking_changes(old: Content, new: Content) -> list[Change]:
    """Return the breaking changes of slots between two releases."""
    return [change for change in changes(old, new) if change.breaking]


def slot_of(change: Change) -> SlotKey:
    """Return the slot that a breaking change is about."""
    return SlotKind(change.kind.value), change.external_id


def open_changes(breaking: Iterable[Change], latest: int, contents: Contents, values: Values) -> list[Change]:
    """Return the breaking changes to the latest release that still require input.

    A change does not require input if the instance already holds a value for the slot that is good for the latest
    release.
    """

    def settled(change: Change) -> bool:
        key = slot_of(change)
        return key in values and is_good(values[key], *key, latest, contents)

    return [change for change in breaking if not settled(change)]


def pending(release: int, contents: Contents, values: Values) -> list[PendingSlot]:
    """Return the mandatory slots of a release that have neither a good value nor a valid default: auth slots, then
    config slots, each in the order of the release."""
    content = contents[release]
    return [
        *_unfilled(SlotKind.AUTH, content.auth_slots, release, contents, values),
        *_unfilled(SlotKind.CONFIG, content.config_slots, release, contents, values),
    ]


def waits_for(found: Flags, lacking: Collection[PendingSlot]) -> WaitsFor:
    """Return whom an instance with these flags and pending slots waits for: whoever has to give input for the latest
    release, or a value that its own release lacks."""
    return WaitsFor(
        found.requires_user_input_to_update_version or any(not slot.hidden for slot in lacking),
        found.requires_system_input_to_update_version or any(slot.hidden for slot in lacking),
    )


def values_after_move(values: Values, content: Content) -> dict[SlotKey, GivenValue]:
    """Return the values that an instance keeps when it moves to a release: the values of slots of the release, whether
    they are good or not.

    A slot that is removed and comes back later is a new slot, and its old value is lost.
    """
    return {key: value for key, value in values.items() if content.slot(*key) is not None}


def judge_publish(previous: Content | None, draft: Content) -> PublishJudgement:
    """Return what publishing a draft changes, after a release or as the first release.

    This does not look at instances: `flags` says which of them already hold what is required. In a first release all
    slots are created and nothing is breaking, whatever the code, since there are no instances yet.
    """
    found = changes(previous or Content(), draft)
    if previous is None:
        found = [replace(change, breaking=False) for change in found]
    breaking = [change for change in found if change.breaking]
    return PublishJudgement(
        changes=found,
        is_same=draft == (previous or Content()),
        breaking_changes=bool(breaking),
        requires_new_user_input=_asks(breaking, hidden=False),
        requires_new_system_input=_asks(breaking, hidden=True),
    )


def _asks(breaking: Iterable[Change], *, hidden: bool) -> bool:
    return any(change.hidden is hidden for change in breaking)


def _unfilled(
    kind: SlotKind, slots: Iterable[Slot], release: int, contents: Contents, values: Values
) -> Iterator[PendingSlot]:
    for slot in slots:
        if not slot.needs_input:
            continue
        value = values.get((kind, slot.external_id))
        if value is None or not is_good(value, kind, slot.external_id, release, contents):
            yield PendingSlot(kind, slot.external_id, slot.hidden)
