"""Files that the first run of the tests in a clone writes, and later runs read: bytecode, and tables of Hypothesis.

All processes of pytest-xdist collect all modules in the same order. In a fresh clone, each process would rewrite the
assertions of every module itself, for some twelve seconds. So each process first imports a share of the modules, and
then finds the bytecode that the other processes have written for the rest.
"""

from __future__ import annotations

import compileall
import contextlib
import importlib
import os
import subprocess
import sys
import warnings
from functools import partial
from pathlib import Path

import pytest

import app
from tests.support.soak import RUNS_LONG_TESTS

_TABLES_OF_UNICODE = "from hypothesis import find, strategies; find(strategies.text(), lambda _: True)"


def pytest_configure(config: pytest.Config) -> None:
    """Write the bytecode of the application, and Hypothesis' tables of Unicode.

    Bytecode is written even if the environment tells Python not to, as in many containers: without it, each process
    that a test starts compiles the application, for half a second. Hypothesis needs three seconds for the tables.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if hasattr(config, "workerinput"):
        return
    compileall.compile_dir(Path(app.__path__[0]), quiet=2)
    if config.getoption("numprocesses", None):
        # No test waits for this process: while the files are missing, each process makes the tables itself.
        tables = subprocess.Popen([sys.executable, "-c", _TABLES_OF_UNICODE], cwd=config.rootpath)
        config.add_cleanup(partial(_wait, tables))


def _wait(process: subprocess.Popen[bytes]) -> None:
    process.wait()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Import a share of the test modules, different for each process, before their collection."""
    worker = getattr(session.config, "workerinput", None)
    if worker is None:
        return
    found = {module for root in session.config.args for module in Path(root).rglob("test_*.py")}
    modules = sorted(module for module in found if "soak" not in module.parts or RUNS_LONG_TESTS)
    first = int(worker["workerid"].removeprefix("gw"))
    for module in modules[first :: worker["workercount"]]:
        # The collection imports the module again, and reports the error.
        with warnings.catch_warnings(), contextlib.suppress(Exception, pytest.skip.Exception):
            warnings.simplefilter("error")
            name = module.resolve().relative_to(session.config.rootpath).with_suffix("")
            importlib.import_module(".".join(name.parts))
