"""CONTRIBUTING tells a newcomer where things are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_map_names_every_folder() -> None:
    """Packages below those of app, such as app/solutions/content, are named in the rows of these."""
    named = set(re.findall(r"`([\w./]+)`", (ROOT / "CONTRIBUTING.md").read_text()))
    packages = {path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("app/*/__init__.py")}
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and any(path.glob("**/*.py"))}
    wanted = packages | {name for name in folders if not name.startswith(".")} | {"schemas"}
    assert len(packages) > 8
    assert wanted - named - {"app", "build"} == set()
