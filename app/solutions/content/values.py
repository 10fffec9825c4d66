"""Whether a value fits a slot, and whether a value that was given once is still good.

Nothing invalidates a value that an instance holds. It is judged each time, by the slot as it was when the value was
given and the slot as it is in the release in question: what lies between them does not count, so that a slot that
goes from string to integer and back has its old value back.
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
    """Why a JSON text is no value of a type, as the end of a sentence that begins with what it is; or None."""
    try:
        value = read_json(text)
    except NotJsonError as fault:
        return str(fault)
    return None if config_type.admits(value) else _MUST_BE[config_type]


def config_value_fault(slot: ConfigSlot, value: str) -> str | None:
    """Why a JSON text is no value for a config slot, as a sentence that does not repeat it; or None.

    "Values are JSON inside a string; a value is checked against the slot's type".
    """
    fault = type_fault(slot.type, value)
    return None if fault is None else f'The value of config slot "{slot.external_id}" {fault}'


def authentication_fault(slot: AuthSlot, facts: AuthenticationFacts) -> str | None:
    """Why an authentication does not fit an auth slot, as a sentence that says nothing of the authentication but
    what it lacks; or None.

    It has to be for the slot's service, service version and service environment, and have at least its scopes.
    A slot without a version or an environment is for any.
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
    return None


def is_good(
    value: GivenValue, kind: SlotKind, external_id: str, release_number: int, contents: Mapping[int, Content]
) -> bool:
    """Whether a value is good for a release: the slot is there, the value fits it, and nothing breaking lies between
    the slot as it was in a release that the value was given for and as it is now.

    Where the value was given for a release that had no such slot, it only has to fit. `contents` must have all these
    releases. That a slot newly needs a value is no matter here: it has one.
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
