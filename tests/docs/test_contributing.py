"""CONTRIBUTING says where things are, and which variables change what the tests do."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_map_names_every_folder() -> None:
    named = set(re.findall(r"`([\w./]+)`", (ROOT / "CONTRIBUTING.md").read_text()))
    packages = {path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("app/*/__init__.py")}
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and any(path.glob("**/*.py"))}
    inner = [*ROOT.glob("app/*/static"), *ROOT.glob("app/*/templates"), *ROOT.glob("docs/*/")]
    packages |= {path.relative_to(ROOT).as_posix() for path in inner if path.name != "__pycache__"}
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


def test_the_table_of_variables_has_those_that_the_tests_use() -> None:
    variable = re.compile(r"\bRELINK_TEST_[A-Z_]*[A-Z]\b")
    rows = (ROOT / "CONTRIBUTING.md").read_text().splitlines()
    listed = [name for row in rows if row.startswith("| `RELINK_TEST_") for name in variable.findall(row.split("|")[1])]
    files = [ROOT / "Makefile", *(file for folder in ("tests", "benchmarks") for file in (ROOT / folder).rglob("*.py"))]
    used = {name for file in files for name in variable.findall(file.read_text(encoding="utf-8"))}
    assert sorted(listed) == sorted(used)
