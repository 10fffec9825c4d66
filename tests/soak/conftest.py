"""Tests of `make soak`, which take long or change the machine for a while, such as by mounting a small disk."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.small_disk import SmallDisk

_MAY_MOUNT = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("mount") is not None
_NEEDS_MOUNT = "test_full_disk.py"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out what this machine cannot do; the summary says so."""
    return True if collection_path.name == _NEEDS_MOUNT and not _MAY_MOUNT else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out."""
    if not _MAY_MOUNT:
        terminalreporter.write_line(f"NOT RUN: {_NEEDS_MOUNT} needs Linux and root, to mount a small disk", yellow=True)


@pytest.fixture
def small_disk(data_directory: Path) -> Iterator[SmallDisk]:
    """A disk of 64 MiB, mounted beside a data directory."""
    with SmallDisk.mounted(data_directory / "small-disk", megabytes=64) as disk:
        yield disk
