"""The check of patterns in an edit, which takes a turn of the process if it is expensive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from app.nodes.patterns import BUDGET_OF_AN_EDIT, PatternCheck
from app.services.call import Call


@contextmanager
def edit_check(call: Call) -> Iterator[PatternCheck]:
    """Yield the check. Raises BusyError in the middle of an expensive check if its turn does not come."""
    with ExitStack() as until_done:
        yield PatternCheck(
            BUDGET_OF_AN_EDIT,
            before_much=lambda: until_done.enter_context(call.workload.edits.soon(call.user)),
        )
