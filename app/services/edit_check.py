"""The check of patterns in an edit, which takes a turn of the process if it is expensive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from app.nodes.patterns import BUDGET_OF_AN_EDIT, PatternCheck
from app.runs.turns import AT_ONCE, SOON
from app.services.call import Call


@contextmanager
def edit_check(call: Call, *, locks: bool) -> Iterator[PatternCheck]:
    """Yield the check. Raises BusyError in the middle of an expensive check if its turn does not come.

    `locks` says whether the edit locks nodes. Such an edit does not wait for its turn, since others would have to wait
    for the nodes.
    """
    seconds = AT_ONCE if locks else SOON
    with ExitStack() as until_done:
        yield PatternCheck(
            BUDGET_OF_AN_EDIT,
            before_much=lambda: until_done.enter_context(call.workload.edits.soon(call.user, seconds)),
        )
