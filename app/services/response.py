"""The response of a service before it is written as XML or in another format: names and texts, in order.

A response is written as a stream: the parts of a group may be an iterator that is never held in memory as a whole, and
parts that occur in many places are rendered once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

Value = str | int | float | bool | None


class Fields:
    """Elements with a text each, in order. An element whose value is None is left out."""

    __slots__ = ("items", "rendered")

    def __init__(self, *items: tuple[str, Value]) -> None:
        self.items = items
        self.rendered: str | None = None


class Group:
    """An element that contains parts. Parts in a tuple are rendered once; those of any other iterable are streamed."""

    __slots__ = ("name", "parts", "rendered")

    def __init__(self, name: str, parts: Iterable[Part]) -> None:
        self.name = name
        self.parts = parts
        self.rendered: str | None = None


class Written:
    """Parts that have been written already, in pieces."""

    __slots__ = ("pieces",)

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.pieces = pieces


Part = Fields | Group


@dataclass
class ServiceResponse:
    """A response: the parts that follow `errorNumber`, and the values of HTTP headers.

    `written` is the whole document if it has already been written, in order to keep it.
    """

    parts: Iterable[Part | Written] = ()
    error_number: int = 0
    error_description: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    written: Iterable[bytes] | None = None


def edition_tag(edition: str | int) -> dict[str, str]:
    """Return the header with the edition of a draft."""
    return {"ETag": f'"{edition}"'}
