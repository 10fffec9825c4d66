"""Tests of `make soak`, which take long or change the machine for a while, such as by mounting a small disk."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import FreshDatabase
from tests.support.oldest_server import OLDEST, programs
from tests.support.real_service import Service, serving
from tests.support.small_disk import SmallDisk

_IS_ROOT = sys.platform == "linux" and os.geteuid() == 0
_OF_ROOT = {"test_full_disk.py": "mount", "test_full_temporary_disk.py": "mount", "test_power_cut.py": "ip"}
"""The tests that only root can run, on Linux, and the program that each needs."""
_OF_ANYBODY = {"test_conformance_files.py": "npm"}


def _left_out() -> dict[str, str]:
    """The tests that cannot run here, and what each needs."""
    of_root = {
        name: f"Linux, root and the program {program!r}"
        for name, program in _OF_ROOT.items()
        if not (_IS_ROOT and shutil.which(program))
    }
    others = {name: f"the program {program!r}" for name, program in _OF_ANYBODY.items() if not shutil.which(program)}
    oldest = {} if programs() else {"test_oldest_server.py": f"PostgreSQL {OLDEST}, as Debian's package has it"}
    return of_root | others | oldest


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the tests that this machine cannot run. The summary names them."""
    return True if collection_path.name in _left_out() else None


@pytest.fixture(scope="session")
def service(fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A real service with the default settings, except that it accepts any number of wrong passwords."""
    variables = {f"RELINK_SIGN_IN_FAILURES_PER_{what}": "1000000" for what in ("ACCOUNT", "ADDRESS")}
    log = tmp_path_factory.mktemp("served") / "serve.log"
    with fresh_database(True) as url, serving(url, log, **variables) as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that were left out."""
    for name, needed in _left_out().items():
        terminalreporter.write_line(f"NOT RUN: {name} needs {needed}", yellow=True)


@pytest.fixture
def small_disk(data_directory: Path) -> Iterator[SmallDisk]:
    """A disk of 64 MiB, mounted beside a data directory."""
    with SmallDisk.mounted(data_directory / "small-disk", megabytes=64) as disk:
        yield disk
