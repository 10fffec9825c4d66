"""The turns of long work, for the visitor of a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from app.console.visitor import caller
from app.nodes.patterns import BUDGET_OF_AN_EDIT, PatternCheck
from app.runs.turns import AT_ONCE, SOON, Turns
from app.web.context import resources
from app.web.large_responses import begin_large_response


def turn_of(turns: Turns) -> AbstractContextManager[None]:
    """Wait for a turn of the visitor, as a service does for its caller. Raises BusyError if it does not come."""
    return turns.soon(_user())


@contextmanager
def checked_patterns(*, locks: bool) -> Iterator[PatternCheck]:
    """Yield the check of patterns in an edit, as `app.services.edit_check` does for a service."""
    seconds = AT_ONCE if locks else SOON
    with ExitStack() as until_done:
        edits = resources().workload.edits
        yield PatternCheck(
            BUDGET_OF_AN_EDIT, before_much=lambda: until_done.enter_context(edits.soon(_user(), seconds))
        )


def before_large() -> None:
    """Take the visitor's turn of a large response, as a service does for its caller. Raises BusyError."""
    begin_large_response(resources().workload.large_responses, _user())


def _user() -> str:
    return f"user {caller().user_identifier}"
