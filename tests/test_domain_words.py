"""The domain speaks its own words: its docstrings and the texts of its faults name no element of an XML document.

The interfaces translate the paths of faults into the names of their fields. A text that names an XML element would be
wrong in GraphQL, in JSON and on a page.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

ROOT = Path(__file__).parents[1]
DOMAIN = sorted(
    path
    for name in ("identity", "nodes", "runs", "solutions", "updates")
    for path in (ROOT / "app" / name).rglob("*.py")
)
FAULTS = (
    "Fault",
    "absence",
    "duplicate",
    "invalid",
    "joined",
    "missing",
    "needs_upgrade",
    "no_such",
    "not_found",
    "taken",
    "too_many",
    "unresolved",
)
_WORD = re.compile(r"[A-Za-z_]+")


def elements() -> set[str]:
    """The names of elements that are not words of English, such as nodeReference."""
    schemas = [*ROOT.glob("schemas/*.xsd"), *ROOT.glob("schemas/*/*.xsd")]
    names = {element.get("name", "") for file in schemas for element in etree.parse(file).iter("{*}element")}
    return {name for name in names if re.fullmatch(r"[a-z]+[A-Z]\w*", name)}


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The docstrings, and the texts in calls that make faults and errors."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield 1 if isinstance(node, ast.Module) else node.lineno, ast.get_docstring(node) or ""
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and _makes_fault(node.func.id):
            for within in ast.walk(node):
                if isinstance(within, ast.Constant) and isinstance(within.value, str):
                    yield within.lineno, within.value


def _makes_fault(name: str) -> bool:
    return name in FAULTS or name.endswith("Error")


@pytest.fixture(scope="module")
def names() -> set[str]:
    found = elements()
    assert {"nodeReference", "solutionId", "sourceScope"} <= found
    return found


def test_the_domain_names_no_xml_element(names: set[str]) -> None:
    assert len(DOMAIN) > 80
    found = [
        f"{path.relative_to(ROOT)}:{line}: {word}"
        for path in DOMAIN
        for line, text in texts(ast.parse(path.read_text(encoding="utf-8")))
        for word in _WORD.findall(text)
        if word in names
    ]
    assert found == []
