"""Modules are short, long SQL is in files, and a class has a name of its own, which is imported from its module.

Regular expressions mean the same in every supported version of Python.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).parent.parent
LONGEST = 349
LONGEST_SQL = 6
_TYPE = re.compile(r"[A-Z][A-Za-z]*[a-z][A-Za-z]*")
_RENAMED = re.compile(r"^(?:.*\bimport\b.*|\s*)\b[A-Z]\w* as \w", re.MULTILINE)
_POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{[\d,]+\})\+|\(\?>")
_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|JOIN|WHERE)\b")


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
    assert [path for path in modules() if "__all__" in path.read_text() and "__all__" in _assigned(path)] == []


def test_no_group_of_a_regular_expression_is_possessive() -> None:
    """Python 3.11.0 to 3.11.4 match too much with such a group (https://github.com/python/cpython/issues/106052)."""
    assert [path for path in (ROOT / "app").rglob("*.py") if _POSSESSIVE_GROUP.search(path.read_text())] == []


@pytest.mark.ledger("DEC-310")
def test_long_statements_are_in_sql_files() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules()
        if path.is_relative_to(ROOT / "app") and _SQL.search(path.read_text())
        for node in ast.walk(_tree(path))
        if _is_text(node) and _lines(node) > LONGEST_SQL and _SQL.search(ast.unparse(node))
    ]
    assert found == []


def test_a_file_of_sql_begins_with_what_it_is() -> None:
    files = [path for path in (ROOT / "app").rglob("*.sql") if not {"database", "migrations"} & set(path.parts)]
    assert len(files) > 50
    assert [path.name for path in files if not path.read_text().startswith("-- ")] == []


def test_a_class_or_type_alias_has_a_name_of_its_own() -> None:
    names = Counter(name for path in modules() if path.is_relative_to(ROOT / "app") for name in _types(path))
    assert len(names) > 400
    assert [name for name, count in names.items() if count > 1] == []


def test_a_class_or_type_alias_has_the_same_name_everywhere() -> None:
    renamed = [
        f"{path.relative_to(ROOT)}:{node.lineno} {alias.name} as {alias.asname}"
        for path in modules()
        if _RENAMED.search(path.read_text())
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("app.")
        for alias in node.names
        if alias.asname is not None and _TYPE.fullmatch(alias.name)
    ]
    assert renamed == []


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _types(path: Path) -> set[str]:
    """The public classes and type aliases of a module, without its type variables."""
    body = _tree(path).body
    classes = {node.name for node in body if isinstance(node, ast.ClassDef)}
    annotated = {ast.unparse(node.target) for node in body if isinstance(node, ast.AnnAssign)}
    variables = {
        ast.unparse(node.targets[0])
        for node in body
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("TypeVar(")
    }
    return {name for name in classes | annotated | _assigned(path) - variables if _TYPE.fullmatch(name)}


def _is_text(node: ast.AST) -> TypeGuard[ast.Constant | ast.JoinedStr]:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _lines(text: ast.Constant | ast.JoinedStr) -> int:
    """The lines between the quotes of a text."""
    return (text.end_lineno or 0) - text.lineno - 1


def _assigned(path: Path) -> set[str]:
    """The names that a module assigns at its top level."""
    assignments = (node for node in _tree(path).body if isinstance(node, ast.Assign))
    return {target.id for node in assignments for target in node.targets if isinstance(target, ast.Name)}
