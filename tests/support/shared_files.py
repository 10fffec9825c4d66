"""Files that the first run of the tests in a clone writes, and later runs read: bytecode, and tables of Hypothesis.

All processes of pytest-xdist collect all modules in the same order. In a fresh clone, each process would rewrite the
assertions of every module itself, for some twelve seconds. So each process first imports a share of the modules, and
then finds the bytecode of the others.
"""

from __future__ import annotations

import compileall
import contextlib
import importlib
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import app

_TABLES_OF_UNICODE = "from hypothesis import find, strategies; find(strategies.text(), lambda _: True)"


def pytest_configure(config: pytest.Config) -> None:
    """Write bytecode, even if the environment tells Python not to, as in many containers, and the tables of Unicode.

    Without bytecode, each process that a test starts compiles the application, for half a second. Hypothesis needs
    three seconds for the tables.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if hasattr(config, "workerinput"):
        return
    compileall.compile_dir(Path(app.__path__[0]), quiet=2)
    if config.getoption("numprocesses", None):
        # No test waits for this: without the files, Hypothesis makes tables of its own.
        tables = subprocess.Popen([sys.executable, "-c", _TABLES_OF_UNICODE], cwd=config.rootpath)
        config.add_cleanup(partial(_wait, tables))


def _wait(process: subprocess.Popen[bytes]) -> None:
    process.wait()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Import a share of the test modules, different for each process, before their collection."""
    worker = getattr(session.config, "workerinput", None)
    if worker is None:
        return
    modules = sorted({module for root in session.config.args for module in Path(root).rglob("test_*.py")})
    first = int(worker["workerid"].removeprefix("gw"))
    for module in modules[first :: worker["workercount"]]:
        # The collection imports the module again, and reports the error.
        with contextlib.suppress(Exception, pytest.skip.Exception):
            name = module.resolve().relative_to(session.config.rootpath).with_suffix("")
            importlib.import_module(".".join(name.parts))
