"""CONTRIBUTING tells a newcomer where things are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_map_names_every_folder() -> None:
    named = set(re.findall(r"`([\w./]+)`", (ROOT / "CONTRIBUTING.md").read_text()))
    packages = {path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("app/*/__init__.py")}
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and any(path.glob("**/*.py"))}
    wanted = packages | {name for name in folders if not name.startswith(".")} | {"schemas"}
    assert len(packages) > 8
    assert wanted - named - {"app", "build"} == set()


def test_the_row_of_a_package_names_the_packages_in_it() -> None:
    rows = (ROOT / "CONTRIBUTING.md").read_text().splitlines()
    inner = [path.parent.relative_to(ROOT) for path in ROOT.glob("app/*/*/__init__.py")]
    assert len(inner) > 10
    for folder in inner:
        [row] = [row for row in rows if row.startswith(f"| `{folder.parent.as_posix()}` |")]
        assert re.search(rf"\b{folder.name}\b", row), folder


def test_the_map_names_the_modules_beside_the_packages() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    modules = [path.name for path in ROOT.glob("app/*.py") if path.stat().st_size > 0]
    assert len(modules) > 10
    assert [name for name in modules if f"{name}`" not in text] == []
