"""Whether a value fits a slot, and whether a value that was given earlier is still good.

A value that an instance holds is never marked as invalid. Each check compares the slot as it was when the value was
given with the slot of the release in question. Releases between these two do not matter: when the type of a slot
changes from string to integer and back, the old value is good again.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.solutions.content.changes import ChangeCode, breaking_changes_of_slot
from app.solutions.content.model import (
    AuthenticationFacts,
    AuthSlot,
    ConfigSlot,
    ConfigType,
    Content,
    GivenValue,
    NotJsonError,
    Slot,
    SlotKind,
    read_json,
)

_MUST_BE = {
    ConfigType.STRING: "must be a string",
    ConfigType.INTEGER: "must be an integer",
    ConfigType.NUMBER: "must be a number",
    ConfigType.BOOLEAN: "must be true or false",
    ConfigType.OBJECT: "must be an object",
    ConfigType.ARRAY: "must be an array",
    ConfigType.DDL: "must be a string, a number or a boolean",
}


def type_fault(config_type: ConfigType, text: str) -> str | None:
    """Return why a JSON text is not a value of a type, or None. The text continues "The value ..."."""
    try:
        value = read_json(text)
    except NotJsonError as fault:
        return str(fault)
    return None if config_type.admits(value) else _MUST_BE[config_type]


def config_value_fault(slot: ConfigSlot, value: str) -> str | None:
    """Return why a JSON text is not a value for a config slot, or None. The sentence does not contain the value."""
    fault = type_fault(slot.type, value)
    return None if fault is None else f'The value of config slot "{slot.external_id}" {fault}'


def authentication_fault(slot: AuthSlot, facts: AuthenticationFacts) -> str | None:
    """Return why an authentication does not fit an auth slot, or None. The sentence says only what it lacks.

    The authentication must be for the slot's service, service version and service environment, and have at least its
    scopes, and must not have expired. A slot without a version or an environment accepts any.
    """
    name = f'The authentication for auth slot "{slot.external_id}"'
    if facts.service != slot.service:
        return f'{name} must be for the service "{slot.service}"'
    if slot.service_version and facts.service_version != slot.service_version:
        return f'{name} must be for version "{slot.service_version}" of its service'
    if slot.service_environment and facts.service_environment != slot.service_environment:
        return f'{name} must be for the service environment "{slot.service_environment}"'
    if missing := slot.scopes - facts.scopes:
        listed = ", ".join(f'"{scope}"' for scope in sorted(missing))
        return f"{name} lacks the scopes {listed}"
    if facts.expired:
        return f"{name} has expired"
    return None


def is_good(
    value: GivenValue, kind: SlotKind, external_id: str, release_number: int, contents: Mapping[int, Content]
) -> bool:
    """Return whether a value is good for a release.

    The release must have the slot, the value must fit it, and there must be no breaking change between the slot in a
    release that the value was given for and the slot in this release. If the value was given for a release without
    the slot, it only has to fit. A slot that newly needs a value is not a breaking change here, since it has a value.
    `contents` must have all these releases.
    """
    slot = contents[release_number].slot(kind, external_id)
    if slot is None or not _fits(slot, value):
        return False
    given_for = (contents[number].slot(kind, external_id) for number in value.given_for)
    return any(before is None or _nothing_breaking(before, slot) for before in given_for)


def _nothing_breaking(before: Slot, slot: Slot) -> bool:
    return all(change.code is ChangeCode.CREATED_MANDATORY_SLOT for change in breaking_changes_of_slot(before, slot))


def _fits(slot: Slot, given: GivenValue) -> bool:
    if isinstance(slot, AuthSlot):
        return given.authentication is not None and authentication_fault(slot, given.authentication) is None
    return given.value is not None and config_value_fault(slot, given.value) is None
