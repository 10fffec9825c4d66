"""Tests of `make soak`, which take long or change the machine for a while, such as by mounting a small disk."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.small_disk import SmallDisk

_IS_ROOT = sys.platform == "linux" and os.geteuid() == 0
_NEEDS = {"test_full_disk.py": "mount", "test_power_cut.py": "ip"}
"""The tests that only root can run, on Linux, and the program that each needs."""


def _left_out() -> list[str]:
    return [name for name, program in _NEEDS.items() if not (_IS_ROOT and shutil.which(program))]


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out what this machine cannot do; the summary says so."""
    return True if collection_path.name in _left_out() else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out."""
    for name in _left_out():
        terminalreporter.write_line(f"NOT RUN: {name} needs Linux, root and the program {_NEEDS[name]!r}", yellow=True)


@pytest.fixture
def small_disk(data_directory: Path) -> Iterator[SmallDisk]:
    """A disk of 64 MiB, mounted beside a data directory."""
    with SmallDisk.mounted(data_directory / "small-disk", megabytes=64) as disk:
        yield disk
