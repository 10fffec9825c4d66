"""Random numbers that differ in each session, and that a failed test can repeat."""

from __future__ import annotations

import os
import random


def seeded() -> random.Random:
    """A source of random choices; its seed is printed, and RELINK_TEST_SEED sets it."""
    seed = int(os.environ.get("RELINK_TEST_SEED") or random.randrange(2**32))  # noqa: S311
    print(f"RELINK_TEST_SEED={seed}")  # noqa: T201
    return random.Random(seed)  # noqa: S311
