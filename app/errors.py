"""The errors of the domain. Their numbers are the `errorNumber` values of the documented responses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

MOST_FAULTS: Final = 100
"""At most this many faults of a request are reported."""

DESCRIBED_FAULTS: Final = 3
"""The description of an error has at most this many faults."""

IS_MISSING: Final = "is missing"
"""The text of the fault of a required value that was not given, unless it says more."""

FaultPath: TypeAlias = tuple[str | int, ...]
"""A place in a request: names of fields in snake_case, and positions in lists, counted from 0."""

Where: TypeAlias = str | FaultPath
"""A path, or the name of a field, which is a path of one step. An empty one means the request as a whole."""


class FaultCode(StrEnum):
    """The kind of a fault."""

    MISSING = "missing"
    NOT_FOUND = "not_found"
    TAKEN = "taken"
    DUPLICATE = "duplicate"
    INVALID = "invalid"
    LIMIT = "limit"
    NEEDS_UPGRADE = "needs_upgrade"
    """The instance has to be upgraded first. Each interface names its own way to do so."""


@dataclass(frozen=True)
class Fault:
    """Something in a request that its sender can correct: where it is, what kind it is, and what is wrong.

    A text may contain `{other}`, which stands for another place in the request.
    """

    path: FaultPath
    code: FaultCode
    text: str
    other: FaultPath = ()
    is_sentence: bool = False
    """Whether the text has a subject of its own. Any other text goes on after the name of the field: "is missing"."""

    def sentence(self, labels: Mapping[str, str], otherwise: str) -> str:
        """Return the text with its subject: the label of the first field in the path, or `otherwise` if it has none."""
        if self.is_sentence or not self.path:
            return self.text
        return f"{labels.get(str(self.path[0]), otherwise)} {self.text}"

    @property
    def field(self) -> str:
        """The path as text."""
        return ".".join(map(str, self.path))

    def __str__(self) -> str:
        return f"{self.field}: {self.text}" if self.path else self.text


class RelinkError(Exception):
    """A request failed. The number goes into the response as `errorNumber`."""

    number = 100

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class NotAuthorisedError(RelinkError):
    """101: not signed in, or no right on the object that the request names."""

    number = 101


class PermissionNeededError(NotAuthorisedError):
    """101: the caller lacks a permission that is not about a node."""

    def __init__(self, description: str, permission: str) -> None:
        super().__init__(f"{description}: that needs {permission}")
        self.permission = permission


class UserError(RelinkError):
    """105: something in the request that its sender can correct. Each interface renders `faults` in its own words."""

    number = 105

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults[:DESCRIBED_FAULTS])))
        self.faults = faults


class StateError(RelinkError):
    """106: not possible in the present state, such as while another run holds the package."""

    number = 106


class BusyError(StateError):
    """106 with status 503: too much long work is going on; the same request may succeed later."""

    retry_after = 5


class PreconditionError(StateError):
    """106 with status 412: `If-Match` no longer holds."""

    @classmethod
    def check(cls, if_match: str | None, tag: str, description: str) -> None:
        """Raise the error unless `If-Match` is absent, `*`, or this entity tag (RFC 9110, 13.1.1)."""
        if if_match not in (None, "*", tag):
            raise cls(description)


class InternalError(RelinkError):
    """100 with status 500: a defect of the service. The description names the request id under which it was logged."""


def refuse(faults: Iterable[Fault]) -> None:
    """Raise UserError if there are any faults."""
    found = tuple(faults)
    if found:
        raise UserError(*found)


def missing(where: Where, text: str = IS_MISSING, *, why: str = "") -> Fault:
    """Return the fault of a required value that was not given. `why` says more about it."""
    return Fault(_path(where), FaultCode.MISSING, _explained(text, why))


def absence(what: object = "", why: str = "") -> str:
    """Return the text that says that something is not found. `what` is its name, and `why` says more about it."""
    return _explained(f"{what} is not found".lstrip(), why)


def not_found(where: Where, what: object = "", why: str = "", *, is_sentence: bool = False) -> Fault:
    """Return the fault of a name of something that does not exist, or that the caller may not know of.

    `what` is the name, such as a reference, or empty if the path says enough. `why` says more about it.
    """
    return unresolved(where, absence(what, why), is_sentence=is_sentence)


def no_such(where: Where, noun: str, name: str | int | None, hint: str = "") -> Fault:
    """Return the fault that nothing of a kind has a name, such as that no user has a logon reference."""
    shown = f'"{name}"' if isinstance(name, str) else name
    return unresolved(where, f"there is no {noun} {shown}{hint}", is_sentence=True)


def unresolved(where: Where, reason: str, *, is_sentence: bool = False) -> Fault:
    """Return the fault that a name cannot be resolved, with the reason."""
    return Fault(_path(where), FaultCode.NOT_FOUND, reason, is_sentence=is_sentence)


def unknown(where: Where, given: object) -> Fault:
    """Return the fault of a name that matches nothing: `missing` if no name was given, otherwise `not_found`."""
    return not_found(where) if given else missing(where)


def taken(where: Where, text: str) -> Fault:
    """Return the fault of a new name that something else already has. The text is a sentence."""
    return Fault(_path(where), FaultCode.TAKEN, text, is_sentence=True)


def duplicate(where: Where, text: str = "is given twice") -> Fault:
    """Return the fault of something that may be given only once."""
    return Fault(_path(where), FaultCode.DUPLICATE, text)


def invalid(where: Where, text: str, *, is_sentence: bool = False) -> Fault:
    """Return the fault of a value that is refused for any other reason."""
    return Fault(_path(where), FaultCode.INVALID, text, is_sentence=is_sentence)


def too_many(where: Where, text: str) -> Fault:
    """Return the fault of something that exceeds a limit."""
    return Fault(_path(where), FaultCode.LIMIT, text)


def needs_upgrade(where: Where, text: str) -> Fault:
    """Return the fault of something that is valid only for a later release than that of the instance. The text is a
    sentence."""
    return Fault(_path(where), FaultCode.NEEDS_UPGRADE, text, is_sentence=True)


def _explained(text: str, why: str) -> str:
    return f"{text}: {why}" if why else text


def _path(where: Where) -> FaultPath:
    return where if isinstance(where, tuple) else (where,) if where else ()
