"""Requests that are refused before a service sees them, each with its HTTP status."""

from __future__ import annotations

from app.errors import RelinkError

REFUSAL = "relink.refusal"
"""The key of the WSGI environment for a refusal by the server, which could not understand the request."""
STOPPING = "relink.stopping"
"""The key of the WSGI environment for a function that returns whether the process is stopping."""


class Refused(RelinkError):  # noqa: N818 - a response to the client, not a fault of ours
    """103: a request refused by the intake; 102 if the status says that something is not found."""

    number = 103

    def __init__(self, status: int, description: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(description)
        if status == 404:
            self.number = 102
        self.status = status
        self.headers = headers or {}


class Forbidden(Refused):
    """101 with status 403: the user who signed in is not authorised."""

    def __init__(self, description: str) -> None:
        super().__init__(403, description)
        self.number = 101
