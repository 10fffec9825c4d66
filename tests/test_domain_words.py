"""The domain speaks its own words: its docstrings, comments and faults name neither an element of an XML document
nor an XML service.

The interfaces translate the paths of faults into the names of their fields. A text that names an XML element would be
wrong in GraphQL, in JSON and on a page.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
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


def services() -> set[str]:
    """The names of services that are not words of English, such as GetNode."""
    return {file.stem for file in ROOT.glob("schemas/requests/*.xsd")} - {"Search"}


def texts(source: str) -> Iterator[tuple[int, str]]:
    """The docstrings, also those of attributes; the comments; and the texts in calls that make faults and errors."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and _makes_fault(node.func.id):
            for within in ast.walk(node):
                if isinstance(within, ast.Constant) and isinstance(within.value, str):
                    yield within.lineno, within.value


def _makes_fault(name: str) -> bool:
    return name in FAULTS or name.endswith("Error")


@pytest.fixture(scope="module")
def names() -> set[str]:
    found = elements() | services() | {"XML", "XSD"}
    assert {"nodeReference", "solutionId", "sourceScope", "GetNode"} <= found
    return found


def test_the_domain_names_no_xml_element_and_no_service(names: set[str]) -> None:
    assert len(DOMAIN) > 80
    found = [
        f"{path.relative_to(ROOT)}:{line}: {word}"
        for path in DOMAIN
        for line, text in texts(path.read_text(encoding="utf-8"))
        for word in _WORD.findall(text)
        if word in names
    ]
    assert found == []
