"""What a service answers, before it is written as XML (or anything else): names and texts, in order.

Built to be written in a stream: a group may be given as an iterable that is never held whole, and parts that
stand in many places are rendered once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Value = str | int | float | bool | None


class Fields:
    """Some elements with a text each, in order. A value of None leaves the element out."""

    __slots__ = ("items", "rendered")

    def __init__(self, *items: tuple[str, Value]) -> None:
        self.items = items
        self.rendered: str | None = None


class Group:
    """An element with parts in it. Parts in a tuple are rendered once and kept; others are taken as they come."""

    __slots__ = ("name", "parts", "rendered")

    def __init__(self, name: str, parts: Iterable[Part]) -> None:
        self.name = name
        self.parts = parts
        self.rendered: str | None = None


Part = Fields | Group


@dataclass
class Answer:
    """The parts that follow `errorNumber`, and what goes into HTTP headers.

    Where `keep` is given, it is called once with the parts of the compressed answer, before any of them is sent, and
    returns the parts. It renders the answer by iterating over them.
    """

    parts: Iterable[Part] = ()
    error_number: int = 0
    error_description: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    keep: Callable[[Iterable[bytes]], list[bytes]] | None = None
