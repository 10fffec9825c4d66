"""Leaves out the tests marked `soak`, which take a long time or much memory, unless `make soak` runs them."""

from __future__ import annotations

import pytest

from tests.support.soak import RUNS_LONG_TESTS


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests marked `soak`."""
    if RUNS_LONG_TESTS:
        return
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("soak")])
    items[:] = [item for item in items if not item.get_closest_marker("soak")]
