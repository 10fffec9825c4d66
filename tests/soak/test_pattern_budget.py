"""The work on patterns in one request ends in time, however hostile the patterns and values are."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from app.nodes.patterns import LONGEST_VALUE, OverBudgetError, PatternCheck

HOSTILE = "|".join(f"[ab]*a[ab]{{{length}}}d" for length in range(1, 131))
SECONDS = 30
"""A check promises some 20 seconds of a processor; the rest is for a slow one."""


def match_without_end(check: PatternCheck, chance: random.Random) -> None:
    while True:
        check.matches(HOSTILE, "".join(chance.choices("ab", k=LONGEST_VALUE)))


def test_a_whole_budget_is_spent_in_time(figures: Callable[[str], None]) -> None:
    chance = random.Random(1)  # noqa: S311
    check = PatternCheck()
    began = time.process_time()
    with pytest.raises(OverBudgetError):
        match_without_end(check, chance)
    took = time.process_time() - began
    figures(f"{took:.1f} s of a processor")
    assert took < SECONDS
