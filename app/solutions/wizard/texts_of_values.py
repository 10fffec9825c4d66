"""The values of config slots as people read and type them, and as JSON."""

from __future__ import annotations

import json
from typing import NamedTuple

from app.solutions.content.model import ConfigSlot, ConfigType, Json, NotJsonError, read_json
from app.solutions.content.values import type_fault
from app.text import writable

_TYPE_WHAT = {
    ConfigType.INTEGER: "Type a whole number, such as 12.",
    ConfigType.NUMBER: "Type a number, such as 12 or 0.5.",
    ConfigType.OBJECT: 'Type a JSON object, such as {"name": "value"}.',
    ConfigType.ARRAY: 'Type a JSON array, such as ["one", "two"].',
    ConfigType.BOOLEAN: "Choose yes or no.",
}


class NotAValueError(ValueError):
    """A text that is not a value of the slot. The message tells a person what to do."""


class Choice(NamedTuple):
    """An entry of a drop-down list: what people read, and its value as JSON."""

    text: str
    value: str


def text_of(slot: ConfigSlot, value: str | None) -> str:
    """Return a value as a person types it: a text without quotation marks, everything else as JSON.

    JSON can hold characters that a page cannot, such as half of a pair of surrogates: they are replaced.
    """
    return "" if value is None else writable(_text_of(slot, value))


def _text_of(slot: ConfigSlot, value: str) -> str:
    try:
        known = read_json(value)
    except NotJsonError:
        return value
    if slot.type in (ConfigType.STRING, ConfigType.DDL):
        return known if isinstance(known, str) else _json(known)
    if slot.type in (ConfigType.OBJECT, ConfigType.ARRAY):
        return json.dumps(known, ensure_ascii=False, indent=2)
    return _json(known)


def value_of(slot: ConfigSlot, text: str) -> str:
    """Return what a person has typed as a value of the slot, as JSON. Raises NotAValueError."""
    if slot.type in (ConfigType.STRING, ConfigType.DDL):
        return _json(text)
    value = text.strip()
    fault = type_fault(slot.type, value)
    if fault is not None:
        raise NotAValueError(_TYPE_WHAT[slot.type])
    return value


def is_of_slot(slot: ConfigSlot, value: str | None) -> bool:
    """Return whether a value is of the type of the slot."""
    return value is not None and type_fault(slot.type, value) is None


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
