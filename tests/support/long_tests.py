"""Tests that take long or much memory, which only `make soak` runs: those marked `soak`."""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests marked `soak`, unless `RELINK_TEST_SOAK` is set."""
    if os.environ.get("RELINK_TEST_SOAK"):
        return
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("soak")])
    items[:] = [item for item in items if not item.get_closest_marker("soak")]
