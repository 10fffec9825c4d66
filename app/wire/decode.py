"""Decodes a valid element to the typed request of a service.

A field `node_reference` is the element `nodeReference`. A dataclass is an element with children, such as `Ddl`. A tuple
`config_slot_list` is the element `ConfigSlotList`. It has `ConfigSlot` elements for dataclasses and `configSlot`
elements for texts, unless the tuple is annotated with another name for its items. Elements may be absent, empty, or
hold white space only; each gives the field's default, except that a `Verbatim` field keeps its white space. A list with
one empty item is an empty list. NodeImport, which is read as a stream, is not decoded here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache, partial
from types import NoneType
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin, get_type_hints

from lxml import etree

from app.services.call import CollapsedText
from app.text import camel_case, collapsed, is_blank

Request = TypeVar("Request")
Convert = Callable[[etree._Element], object]

_LIST = "_list"
_ABSENT = ""


def decode(request: type[Request], element: etree._Element) -> Request:
    """Return a dataclass with the values of the children of an element that its schema has accepted."""
    converts = _converts(cast(Hashable, request))
    given: dict[str, object] = {}
    for child in element.iterchildren(tag=etree.Element):
        name, convert = converts.get(child.tag, (None, None))
        if name is not None and convert is not None:
            value = convert(child)
            if value != _ABSENT:
                given[name] = value
    return request(**given)


def whole_number(text: str) -> int:
    """Return a whole number that a schema has accepted. It may have any number of leading zeros, and Python's int()
    takes no more than some thousand digits."""
    return int(collapsed(text).lstrip("+-").lstrip("0") or "0")


@cache
def _converts(request: Any) -> dict[str, tuple[str, Convert]]:  # noqa: ANN401
    """Return the values of an element's children."""
    hints = get_type_hints(request, include_extras=True)
    return dict(_tagged(field.name, _required(hints[field.name])) for field in fields(request))


def _tagged(name: str, hint: Any) -> tuple[str, tuple[str, Convert]]:  # noqa: ANN401 - a type hint may be anything
    """Yield the tag of each field's element, the field's name, and the function that decodes the element."""
    item = name.removesuffix(_LIST)
    if get_origin(hint) is Annotated and get_origin(get_args(hint)[0]) is tuple:
        hint, item = get_args(hint)
    if get_origin(hint) is tuple:
        return _element(name, group=True), (name, _items(item, get_args(hint)[0]))
    return _element(name, group=is_dataclass(hint)), (name, _convert(hint))


def _items(name: str, hint: Any) -> Convert:  # noqa: ANN401
    """Return the items of a list. An empty item among others is kept, so that positions in messages are right."""
    group = isinstance(hint, type) and is_dataclass(hint)
    tag = _element(name, group=group)
    convert = partial(decode, hint) if group else _convert(hint)
    empty = hint() if group else _ABSENT

    def items(element: etree._Element) -> object:
        found = [convert(child) for child in element.iterchildren(tag=tag)]
        if not found:
            return _ABSENT
        return () if found == [empty] else tuple(item for item in found if item != _ABSENT)

    return items


def _convert(hint: Any) -> Convert:  # noqa: ANN401
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda element: decode(hint, element) if len(element) else _ABSENT
    of_text = _convert_text(hint)
    return lambda element: of_text(element.text) if element.text else _ABSENT


def _convert_text(hint: Any) -> Callable[[str], object]:  # noqa: ANN401
    """Return the function that makes the text of an element the type of a field."""
    if get_origin(hint) is Annotated:
        return collapsed if hint == CollapsedText else str
    if hint is str:
        return _unless_blank(str)
    if hint is bool:
        return _unless_blank(lambda text: collapsed(text) == "true")
    if hint is float:
        return _unless_blank(lambda text: float(collapsed(text)))
    if hint is int:
        return _unless_blank(whole_number)
    if issubclass(hint, StrEnum):
        enumeration: type[StrEnum] = hint
        return _unless_blank(lambda text: enumeration(collapsed(text)))
    raise TypeError(f"no element holds {hint}")


def _unless_blank(convert: Callable[[str], object]) -> Callable[[str], object]:
    return lambda text: _ABSENT if is_blank(text) else convert(text)


def _required(hint: Any) -> Any:  # noqa: ANN401
    """Return the type in `type | None`."""
    if get_origin(hint) is not Annotated and NoneType in get_args(hint):
        return next(part for part in get_args(hint) if part is not NoneType)
    return hint


def _element(name: str, *, group: bool) -> str:
    """Return the tag of a field: groups and lists begin with a capital letter."""
    tag = camel_case(name)
    return tag[0].upper() + tag[1:] if group else tag
