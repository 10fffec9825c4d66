"""`relink demo`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

from tests.support.served import ROOT, eventually


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
    """With --stay its console can be looked at until Ctrl-C."""
    folder = data_directory.parent
    command = [sys.executable, "-W", "ignore", "-m", "app.cli", "demo", "--stay"]
    printed, errors = tmp_path / "printed", tmp_path / "errors"
    with printed.open("w") as output, errors.open("w") as warnings:
        demo = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "TMPDIR": str(folder)}, stdout=output, stderr=warnings
        )
    try:
        eventually(lambda: "Press Ctrl-C" in printed.read_text() or demo.poll() is not None)
        assert demo.poll() is None, errors.read_text()
        reported = re.search(r"Its console is at (\S+): user (\S+), password (\S+)$", printed.read_text(), re.MULTILINE)
        assert reported is not None
        assert "Update of debian" in console_shows(reported[1], reported[2], reported[3], "/console/runs/2")
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 0, errors.read_text()
    finally:
        demo.kill()
        demo.wait()
    shown = printed.read_text()
    assert errors.read_text().splitlines()[-1:] == ["run 2: 229 of 229 steps"]
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
