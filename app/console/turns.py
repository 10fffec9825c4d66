"""The turns of long work, for the visitor of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TypeVar

from app.console.visitor import caller
from app.nodes.patterns import BUDGET_OF_AN_EDIT, PatternCheck
from app.runs.turns import Turns
from app.web.context import resources
from app.web.large_responses import begin_large_response

Result = TypeVar("Result")


def turn_of(turns: Turns) -> AbstractContextManager[None]:
    """Wait for a turn of the visitor, as a service does for its caller. Raises BusyError if it does not come."""
    return turns.soon(_user())


@contextmanager
def checked_patterns() -> Iterator[PatternCheck]:
    """Yield the check of patterns in an edit that locks nothing, as `app.services.edit_check` does for a service."""
    with ExitStack() as until_done:
        edits = resources().workload.edits
        yield PatternCheck(BUDGET_OF_AN_EDIT, before_much=lambda: until_done.enter_context(edits.soon(_user())))


def locking_edit(edit: Callable[[PatternCheck], Result]) -> Result:
    """Return what an edit in a transaction of its own returns, as `app.services.edit_check` does for a service."""
    edits = resources().workload.edits
    return edits.without_locks(_user(), lambda take: edit(PatternCheck(BUDGET_OF_AN_EDIT, before_much=take)))


def before_large() -> None:
    """Take the visitor's turn of a large response, as a service does for its caller. Raises BusyError."""
    begin_large_response(resources().workload.large_responses, _user())


def _user() -> str:
    return f"user {caller().user_identifier}"
