"""What can be wrong with a request, in the domain's words. The numbers are those of the documents (1.5, design 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn


class RelinkError(Exception):
    """A request that is not done, with the number that its answer bears."""

    number = 100

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class NotAuthorisedError(RelinkError):
    """101: not signed in, or no right on the object that the request names."""

    number = 101


class UserError(RelinkError):
    """105: something in the request that its sender can mend. `faults` are (field, reason) pairs."""

    number = 105

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {reason}" if field else reason for field, reason in faults[:3]))
        self.faults = tuple(faults)


class StateError(RelinkError):
    """106: not possible in the present state, such as while another run holds the package."""

    number = 106


class BusyError(StateError):
    """106 with status 503: too much long work is going on; the same request may succeed later."""

    retry_after = 5


class PreconditionError(StateError):
    """106 with status 412: `If-Match` no longer holds."""


def user_error(field: str, reason: str) -> NoReturn:
    """Raise a UserError about one field, by its name on the wire."""
    raise UserError([(field, reason)])
