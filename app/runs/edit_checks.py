"""The check of patterns in an edit, which takes a turn of the process if it is expensive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from app.nodes.patterns import BUDGET_OF_AN_EDIT, PatternCheck
from app.runs.turns import Workload

Result = TypeVar("Result")


@contextmanager
def edit_check(workload: Workload, user: str | None) -> Iterator[PatternCheck]:
    """Yield the check for an edit that locks nothing. Raises BusyError in the middle of an expensive check if its turn
    does not come. `user` is the one whose share of the turns it takes."""
    with ExitStack() as until_done:
        yield PatternCheck(
            BUDGET_OF_AN_EDIT,
            before_much=lambda: until_done.enter_context(workload.edits.soon(user)),
        )


def locking_edit(workload: Workload, user: str | None, edit: Callable[[PatternCheck], Result]) -> Result:
    """Return what an edit in a transaction of its own returns. Raises BusyError if the turn of its check does not come.

    An edit whose check is expensive is undone while it waits for its turn, so that nobody waits for its locks.
    """
    return workload.edits.without_locks(user, lambda take: edit(PatternCheck(BUDGET_OF_AN_EDIT, before_much=take)))
