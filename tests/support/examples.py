"""How many random examples a property test tries. `make soak` sets a large number."""

from __future__ import annotations

import os
from typing import Final

EXAMPLES: Final = int(os.environ.get("RELINK_TEST_EXAMPLES", "20"))


def at_least(number: int) -> int:
    """The number of examples of a test that needs this many."""
    return max(number, EXAMPLES)
