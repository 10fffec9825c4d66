"""Modules are short, and a name is imported from the module that defines it."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
LONGEST = 350


def modules() -> list[Path]:
    folders = ("app", "benchmarks", "docs", "examples", "tests")
    found = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    assert len(found) > 400
    return found


def test_no_module_is_too_long_to_be_read_at_once() -> None:
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in modules()}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_module_offers_the_names_of_another() -> None:
    """Strict mypy refuses a name from a module that has only imported it, unless that is in its `__all__`."""
    assert [path for path in modules() if "__all__" in _assigned(path)] == []


def _assigned(path: Path) -> set[str]:
    """The names that a module assigns at its top level."""
    assignments = (node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Assign))
    return {target.id for node in assignments for target in node.targets if isinstance(target, ast.Name)}
