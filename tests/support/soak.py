"""Whether the tests that take a long time or much memory run too, as `make soak` does."""

from __future__ import annotations

import os
from typing import Final

RUNS_LONG_TESTS: Final = bool(os.environ.get("RELINK_TEST_SOAK"))
