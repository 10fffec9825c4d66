"""The lock files meet the requirements in pyproject.toml, and can be used on any machine."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
RUN = ROOT / "requirements.lock"
TEST = ROOT / "requirements-test.lock"
HASHES = r"(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+"
ENTRY = re.compile(rf"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?: ; [^\\]+)? \\\n{HASHES}", re.MULTILINE)


def locked(file: Path) -> dict[str, str]:
    """The version of each package in a lock file."""
    return {entry["name"]: entry["version"] for entry in ENTRY.finditer(file.read_text())}


def required(*, tests: bool) -> list[Requirement]:
    """The requirements in pyproject.toml, to run Relink or to run its tests too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return list(map(Requirement, project["dependencies"] + (project["optional-dependencies"]["test"] if tests else [])))


@pytest.mark.parametrize("file", [RUN, TEST], ids=lambda file: file.name)
def test_a_lock_file_has_packages_with_hashes_and_nothing_else(file: Path) -> None:
    """A lock file has no package index, path or option of the machine on which it was written."""
    text = file.read_text()
    rest = re.sub(r"^ *#.*\n", "", ENTRY.sub("", text), flags=re.M)
    assert locked(file)
    assert rest == ""


@pytest.mark.parametrize(("file", "tests"), [(RUN, False), (TEST, True)], ids=["run", "test"])
def test_a_lock_file_has_what_pyproject_asks_for(file: Path, tests: bool) -> None:
    """If this fails, run `make lock`."""
    versions = locked(file)
    missing = [
        str(requirement)
        for requirement in required(tests=tests)
        if not requirement.specifier.contains(versions.get(canonicalize_name(requirement.name), "0"), prereleases=True)
    ]
    assert missing == []


def test_tests_run_on_the_versions_that_are_deployed() -> None:
    tested = locked(TEST)
    assert {name: tested.get(name) for name in locked(RUN)} == locked(RUN)
