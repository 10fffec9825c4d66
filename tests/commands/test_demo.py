"""`relink demo`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.served import ROOT


def test_the_demo_ends_well_and_leaves_nothing(data_directory: Path) -> None:
    folder = data_directory.parent
    command = [sys.executable, "-W", "ignore", "-m", "app.cli", "demo"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "TMPDIR": str(folder)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1:] == ["run 2: 229 of 229 steps"]
    assert "To do: 228 new versions, 1 changed draft." in done.stdout
    assert "Done: 228 new versions, 1 changed draft." in done.stdout
    assert "<UpdateList/>" in done.stdout
    assert "<notice>upgrade</notice>" in done.stdout
    assert done.stdout.count('"requiresSystemInputToUpdateVersion": true') == 2
    assert '"upgradeSolutionInstance": {' in done.stdout
    assert len(re.findall(r"1 -> 2 +warning", done.stdout)) == 5
    assert len(re.findall(r"1 -> 2 +upgrade", done.stdout)) == 2 * 5
    assert len(re.findall(r"(Ann|Bob|Cem) +none", done.stdout)) == 6
    assert "post '<UpdateNodeVersions>" in done.stdout
    assert list(folder.iterdir()) == []
