"""The turns of long work, for the visitor of a page."""

from __future__ import annotations

from contextlib import AbstractContextManager

from app.console.visitor import caller
from app.runs.turns import Turns
from app.web.context import resources
from app.web.large_responses import begin_large_response


def turn_of(turns: Turns) -> AbstractContextManager[None]:
    """Wait for a turn of the visitor, as a service does for its caller. Raises BusyError if it does not come."""
    return turns.soon(user())


def before_large() -> None:
    """Take the visitor's turn of a large response, as a service does for its caller. Raises BusyError."""
    begin_large_response(resources().workload.large_responses, user())


def user() -> str:
    """Return the user whose share of the turns the visitor takes, as `Call.user` does for a service."""
    return f"user {caller().user_identifier}"
