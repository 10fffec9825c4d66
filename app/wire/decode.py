"""From a valid element to the typed request of a service.

A field `node_reference` is the element `nodeReference`. Elements may be absent or empty; both give the field's
default. Lists are not decoded here: the one service that has them reads a stream.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import fields
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin, get_type_hints

from lxml import etree

Request = TypeVar("Request")
Convert = Callable[[str], object]


def decode(request: type[Request], root: etree._Element) -> Request:
    """Fill a request dataclass from the children of a root element that its schema has accepted."""
    converts = _converts(cast(Hashable, request))
    given: dict[str, object] = {}
    for child in root.iterchildren(tag=etree.Element):
        name, convert = converts.get(child.tag, (None, None))
        if name is not None and convert is not None and child.text:
            value = convert(child.text)
            if value != "":
                given[name] = value
    return request(**given)


def collapsed(text: str) -> str:
    """White space as xs:token has it: none around, single spaces inside."""
    return " ".join(text.split())


@cache
def _converts(request: Any) -> dict[str, tuple[str, Convert]]:  # noqa: ANN401
    hints = get_type_hints(request, include_extras=True)
    return {_element(field.name): (field.name, _convert(hints[field.name])) for field in fields(request)}


def _convert(hint: Any) -> Convert:  # noqa: ANN401 - a type hint may be anything
    """How the text of an element becomes the type of a field."""
    hint = next((part for part in get_args(hint) if part is not NoneType), hint) if _is_optional(hint) else hint
    if get_origin(hint) is Annotated:
        return collapsed
    if hint is str:
        return str
    if hint is bool:
        return lambda text: text if not text.strip() else text.strip() == "true"
    if hint is int:
        return lambda text: int(text) if text.strip() else ""
    if issubclass(hint, StrEnum):
        enumeration: type[StrEnum] = hint
        return lambda text: enumeration(text.strip()) if text.strip() else ""
    raise TypeError(f"no element holds {hint}")


def _is_optional(hint: Any) -> bool:  # noqa: ANN401
    return get_origin(hint) is not Annotated and NoneType in get_args(hint)


def _element(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
