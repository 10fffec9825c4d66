"""`relink demo`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from tests.support.served import ROOT, eventually

CONSOLE = re.compile(r"Its console is at (\S+): user (\S+), password (\S+)$", re.MULTILINE)


@contextmanager
def demo(folder: Path, printed: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """`relink demo` as a process that makes its directory in a folder, and is killed at the end if it still runs."""
    command = [sys.executable, "-W", "ignore", "-m", "app.cli", "demo", *options]
    with printed.open("w") as output, errors_file(printed).open("w") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "TMPDIR": str(folder)}, stdout=output, stderr=errors
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def errors_file(printed: Path) -> Path:
    return printed.with_suffix(".errors")


def errors_of(printed: Path) -> str:
    return errors_file(printed).read_text()


def console_shows(address: str, user: str, password: str, page: str) -> str:
    """Sign in to a console as a browser does, and return a page."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    with browser.open(f"{address}/sign-in") as form:
        token = re.search(r'name="form_token" value="(\w+)"', form.read().decode())
    assert token is not None
    given = {"form_token": token[1], "user": user, "password": password, "next": page}
    with browser.open(f"{address}/sign-in", urlencode(given).encode()) as shown:
        found: str = shown.read().decode()
    return found


def test_the_demo_ends_well_and_leaves_nothing(data_directory: Path, tmp_path: Path) -> None:
    """Its console can be looked at while it tells its story, and with --stay until Ctrl-C."""
    folder = data_directory.parent
    printed = tmp_path / "printed"
    with demo(folder, printed, "--stay") as process:
        reported = eventually(lambda: CONSOLE.search(printed.read_text()))
        assert "Press Ctrl-C" not in printed.read_text()
        assert "Sign out" in console_shows(reported[1], reported[2], reported[3], "/console")
        eventually(lambda: "Press Ctrl-C" in printed.read_text() or process.poll() is not None)
        assert process.poll() is None, errors_of(printed)
        assert "Update of debian" in console_shows(reported[1], reported[2], reported[3], "/console/runs/2")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, errors_of(printed)
    shown = printed.read_text()
    assert errors_of(printed).splitlines()[-1:] == ["run 2: 229 of 229 steps"]
    assert "To do: 228 new versions, 1 changed draft." in shown
    assert "Done: 228 new versions, 1 changed draft." in shown
    assert "<UpdateList/>" in shown
    assert "<notice>upgrade</notice>" in shown
    assert shown.count('"requiresSystemInputToUpdateVersion": true') == 2
    assert '"upgradeSolutionInstance": {' in shown
    assert len(re.findall(r"1 -> 2 +warning", shown)) == 5
    assert len(re.findall(r"1 -> 2 +upgrade", shown)) == 2 * 5
    assert len(re.findall(r"(Ann|Bob|Cem) +none", shown)) == 6
    assert "post '<UpdateNodeVersions>" in shown
    assert list(folder.iterdir()) == []


@pytest.mark.ledger("DEC-355")
def test_sigterm_leaves_nothing(data_directory: Path, tmp_path: Path) -> None:
    """SIGTERM comes while the service starts and creates its database. --stay is not given, as in `make demo`."""
    folder = data_directory.parent
    with demo(folder, tmp_path / "printed") as process:
        eventually(lambda: list(folder.glob("relink-demo-*/data/postgresql*")) or process.poll() is not None)
        process.terminate()
        assert process.wait(60) == 143
    assert list(folder.iterdir()) == []


def test_make_demo_runs_the_demo() -> None:
    command = ["make", "--dry-run", "--no-print-directory", "demo"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert shown.strip().endswith("bin/relink demo")
