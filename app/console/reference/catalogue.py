"""The services as the pages show them: what each is, the elements of its messages, and an example.

`make docs` writes the file from the schema files and from the examples that the tests check.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

_FILE = Path(__file__).parent / "services.json"
_MANY = ("any number", "one or more")

CREDENTIALS: Final = frozenset({"userLogonReference", "password"})
"""The elements that the page of a service does not ask for, because its visitor has signed in."""

NO_FORM: Final = frozenset({"NodeImport"})
"""Services whose requests are documents that no form can hold."""


@dataclass(frozen=True)
class Element:
    """An element of a message, its path below the root, and the values that it may have if they are listed."""

    path: str
    occurs: str
    about: str
    choices: tuple[str, ...] = ()
    is_group: bool = False

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The choices of a form: the values, and nothing."""
        return [("", "not given"), *((choice, choice) for choice in self.choices)]

    @property
    def is_secret(self) -> bool:
        """Whether the element holds a password."""
        return "password" in self.path.lower()

    @property
    def is_required(self) -> bool:
        """Whether a request needs the element."""
        return self.occurs == "required"


@dataclass(frozen=True)
class Described:
    """A service: what it is for, its messages, and an example."""

    name: str
    about: str
    request: tuple[Element, ...]
    response: tuple[Element, ...]
    example_title: str
    example_request: str
    example_response: str

    @property
    def inputs(self) -> list[tuple[str, Element]]:
        """The fields of a form for a request with their paths. A repeatable element appears once."""
        many = {each.path for each in self.request if each.occurs in _MANY}
        return [
            (_indexed(each.path, many), each)
            for each in self.request
            if not each.is_group and each.path not in CREDENTIALS
        ]


@cache
def catalogue() -> dict[str, Described]:
    """Return the services by name."""
    found = json.loads(_FILE.read_text(encoding="utf-8"))
    return {name: _described(name, service) for name, service in found.items()}


def _described(name: str, service: dict[str, Any]) -> Described:
    example = service["example"]
    return Described(
        name,
        service["about"],
        tuple(_element(each) for each in service["request"]),
        tuple(_element(each) for each in service["response"]),
        example["title"],
        example["request"],
        example["response"],
    )


def _element(field: dict[str, Any]) -> Element:
    choices = tuple(field.get("choices", ()))
    return Element(field["path"], field["occurs"], field["about"], choices, field.get("group", False))


def _indexed(path: str, many: set[str]) -> str:
    """Return the path with `[1]` after each step that may come several times."""
    steps = path.split("/")
    below = ["/".join(steps[: count + 1]) for count in range(len(steps))]
    return "/".join(step + ("[1]" if whole in many else "") for step, whole in zip(steps, below, strict=True))
