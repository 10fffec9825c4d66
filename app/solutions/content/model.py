"""The model of solutions: slots, workflows, screens, and what a release holds.

A release's content is a value: equal contents are interchangeable. This module does not know the database.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from app.text import refuse_json_constant

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAXIMUM_JSON_BYTES = 1024 * 1024
MAXIMUM_JSON_NESTING = 100


class SlotKind(StrEnum):
    """The two kinds of slot that an instance fills."""

    AUTH = "auth"
    CONFIG = "config"


SlotKey: TypeAlias = tuple[SlotKind, str]
"""The kind and the external id of a slot, which together identify it in a content."""


class ConfigType(StrEnum):
    """What the value of a config slot is. `ddl` is a drop-down list that a connector's operation fills."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    OBJECT = "object"
    ARRAY = "array"
    DDL = "ddl"

    def admits(self, value: Json) -> bool:
        """Return whether a JSON value is of this type.

        A boolean is not a number. A number without a fraction is an integer however it is written (1.0, 1e3), since
        JSON and `same_json` do not distinguish them. null has no type. A value of a drop-down list is a string, a
        number or a boolean.
        """
        if isinstance(value, bool):
            return self in (ConfigType.BOOLEAN, ConfigType.DDL)
        if isinstance(value, float) and self is ConfigType.INTEGER:
            return value.is_integer()
        return isinstance(value, _PYTHON_TYPES[self])


_PYTHON_TYPES: dict[ConfigType, tuple[type, ...]] = {
    ConfigType.STRING: (str,),
    ConfigType.INTEGER: (int,),
    ConfigType.NUMBER: (int, float),
    ConfigType.BOOLEAN: (bool,),
    ConfigType.OBJECT: (dict,),
    ConfigType.ARRAY: (list,),
    ConfigType.DDL: (str, int, float),
}


class Trigger(StrEnum):
    """What starts a workflow."""

    WEBHOOK = "webhook"
    MANUAL = "manual"
    SCHEDULED = "scheduled"


@dataclass(frozen=True)
class AuthSlot:
    """A slot for an authentication. `authentication_id` is the builder's own authentication for it."""

    external_id: str
    title: str = ""
    service: str = ""
    service_version: str = ""
    service_environment: str = ""
    scopes: frozenset[str] = frozenset()
    authentication_id: str | None = None
    hidden: bool = False
    mandatory: bool = True

    @property
    def needs_input(self) -> bool:
        """Whether an instance needs an authentication for the slot."""
        return self.mandatory


@dataclass(frozen=True)
class Ddl:
    """Where a drop-down list comes from. `input` is JSON as text."""

    connector: str
    connector_version: str
    operation: str
    input: str | None = None
    auth_slot_external_id: str | None = None


@dataclass(frozen=True)
class ConfigSlot:
    """A slot for a JSON value. `default_value` is JSON as text, or None if the slot has no default."""

    external_id: str
    title: str = ""
    type: ConfigType = ConfigType.STRING
    default_value: str | None = None
    hidden: bool = False
    mandatory: bool = True
    ddl: Ddl | None = None

    @property
    def has_default(self) -> bool:
        """Whether the slot has a default of its type, which can replace a value."""
        if self.default_value is None:
            return False
        try:
            return self.type.admits(read_json(self.default_value))
        except NotJsonError:
            return False

    @property
    def needs_input(self) -> bool:
        """Whether an instance needs a value for the slot."""
        return self.mandatory and not self.has_default


Slot: TypeAlias = AuthSlot | ConfigSlot


@dataclass(frozen=True)
class Workflow:
    """A workflow of the solution. `schedule` is a cron expression if the trigger is scheduled."""

    source_workflow_id: str
    name: str = ""
    trigger: Trigger = Trigger.MANUAL
    schedule: str | None = None


@dataclass(frozen=True)
class Screen:
    """A screen of the configuration wizard. `slots` are the external ids of its slots, in order.

    If an auth slot and a config slot have the same external id, the id stands for both, the auth slot first.
    """

    title: str
    text: str = ""
    slots: tuple[str, ...] = ()


@dataclass(frozen=True)
class Content:
    """What a draft or a release holds. External ids are unique within their kind. A slot that is on none of the
    screens is shown on one more screen at the end."""

    auth_slots: tuple[AuthSlot, ...] = ()
    config_slots: tuple[ConfigSlot, ...] = ()
    workflows: tuple[Workflow, ...] = ()
    screens: tuple[Screen, ...] = ()

    def slot(self, kind: SlotKind, external_id: str) -> Slot | None:
        """Return the slot of a kind with an external id, or None."""
        slots: tuple[Slot, ...] = self.auth_slots if kind is SlotKind.AUTH else self.config_slots
        return next((slot for slot in slots if slot.external_id == external_id), None)

    @property
    def external_ids(self) -> frozenset[str]:
        """The external ids of the slots of both kinds."""
        slots: tuple[Slot, ...] = (*self.auth_slots, *self.config_slots)
        return frozenset(slot.external_id for slot in slots)

    @property
    def slot_keys(self) -> list[SlotKey]:
        """The kind and the external id of each slot."""
        return [
            *((SlotKind.AUTH, slot.external_id) for slot in self.auth_slots),
            *((SlotKind.CONFIG, slot.external_id) for slot in self.config_slots),
        ]

    @property
    def hidden_slots(self) -> Iterator[SlotKey]:
        """The slots that end users do not see."""
        for kind, slots in ((SlotKind.AUTH, self.auth_slots), (SlotKind.CONFIG, self.config_slots)):
            yield from ((kind, slot.external_id) for slot in slots if slot.hidden)


@dataclass(frozen=True)
class GivenValue:
    """A value that an instance holds: JSON as text for a config slot, facts about the authentication for an auth slot.

    `given_for` are the releases whose slot the value was checked against: the release of the instance at that time, and
    the latest release if the value fitted that too."""

    value: str | None
    authentication: AuthenticationFacts | None
    given_for: tuple[int, ...]


@dataclass(frozen=True)
class AuthenticationFacts:
    """The properties of an authentication that decide whether it fits a slot."""

    authentication_id: str
    service: str
    service_version: str
    service_environment: str
    scopes: frozenset[str] = frozenset()
    expired: bool = False


@dataclass(frozen=True)
class Flags:
    """The three flags of an instance, under their documented names."""

    has_newer_version: bool = False
    requires_user_input_to_update_version: bool = False
    requires_system_input_to_update_version: bool = False


class NotJsonError(ValueError):
    """A text that is not accepted as JSON. The message continues "the value ..." and never contains the text."""


def read_json(text: str) -> Json:
    """Return the value of a JSON text (RFC 8259). The last of equal keys counts. Size and nesting are limited.

    NaN, Infinity and numbers beyond a double are not accepted. Raises `NotJsonError`.
    """
    try:
        _check_size(text)
        value: Json = json.loads(text, parse_float=_finite, parse_constant=refuse_json_constant)
    except NotJsonError:
        raise
    except RecursionError:
        raise NotJsonError(_NESTED) from None
    except ValueError:  # whose message contains the text
        raise NotJsonError("is not JSON") from None
    if _nesting_exceeds(value, MAXIMUM_JSON_NESTING):
        raise NotJsonError(_NESTED)
    return value


def same_json(one: str | None, other: str | None) -> bool:
    """Return whether two JSON texts have equal values, like `{"a": 1}` and `{ "a":1.0 }`. Texts that are not JSON
    are compared as texts."""
    if one is None or other is None or one == other:
        return one == other
    try:
        return _same(read_json(one), read_json(other))
    except NotJsonError:
        return False


_NESTED = f"is nested more than {MAXIMUM_JSON_NESTING} deep"


def _check_size(text: str) -> None:
    if len(text) > MAXIMUM_JSON_BYTES or len(text.encode()) > MAXIMUM_JSON_BYTES:
        raise NotJsonError(f"is larger than {MAXIMUM_JSON_BYTES} bytes")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NotJsonError("has a number that is too large")
    return number


def _nesting_exceeds(value: Json, most: int) -> bool:
    level = [value]
    for _ in range(most + 1):
        containers = [item for item in level if isinstance(item, list | dict)]
        if not containers:
            return False
        level = [child for item in containers for child in (item.values() if isinstance(item, dict) else item)]
    return True


def _same(one: Json, other: Json) -> bool:
    """Return whether JSON values are equal; `true` is not equal to 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return one == other
