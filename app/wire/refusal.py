"""Requests that are refused before a service sees them, each with its HTTP status."""

from __future__ import annotations

from app.errors import RelinkError, UserError


class Refused(RelinkError):  # noqa: N818 - it is an answer, not a fault of ours
    """A request refused by the intake. `service` names the answer's root where it is known."""

    number = 103

    def __init__(self, status: int, description: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.headers = headers or {}


class NotValidError(UserError):
    """105: a document that its schema refuses, with every fault's path and reason."""


class NoSuchServiceError(Refused):
    """102: the URL or the root element names no service."""

    number = 102

    def __init__(self, name: str) -> None:
        super().__init__(404, f"there is no service {name[:100]!r}")
