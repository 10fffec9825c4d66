"""The domain uses its own words: it names no element of an XML document.

The interfaces translate the paths of faults into the names of their fields. A text that names an XML element would be
wrong in GraphQL, in JSON and on a page.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

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
Texts = Callable[[str], Iterator[tuple[int, str]]]
_WORD = re.compile(r"[A-Za-z_]+")


def elements() -> set[str]:
    """The names of elements that are not words of English, such as nodeReference."""
    schemas = [*ROOT.glob("schemas/*.xsd"), *ROOT.glob("schemas/*/*.xsd")]
    names = {element.get("name", "") for file in schemas for element in etree.parse(file).iter("{*}element")}
    return {name for name in names if re.fullmatch(r"[a-z]+[A-Z]\w*", name)}


def services() -> set[str]:
    """The names of services that are not words of English, such as GetNode."""
    return {file.stem for file in ROOT.glob("schemas/requests/*.xsd")} - {"Search"}


def comments(source: str) -> Iterator[tuple[int, str]]:
    """The docstrings, also those of attributes, and the comments."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def faults(source: str) -> Iterator[tuple[int, str]]:
    """The texts in calls that make faults and errors."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and _makes_fault(node.func.id):
            for within in ast.walk(node):
                if isinstance(within, ast.Constant) and isinstance(within.value, str):
                    yield within.lineno, within.value


def _makes_fault(name: str) -> bool:
    return name in FAULTS or name.endswith("Error")


def named(texts: Texts, names: set[str]) -> list[str]:
    """The places in these texts where the domain uses one of the names."""
    sources = {path: path.read_text(encoding="utf-8") for path in DOMAIN}
    return [
        f"{path.relative_to(ROOT)}:{line}: {word}"
        for path, source in sources.items()
        if not names.isdisjoint(_WORD.findall(source))
        for line, text in texts(source)
        for word in _WORD.findall(text)
        if word in names
    ]


def sentences(source: str) -> Iterator[tuple[int, str]]:
    """The texts of more than one word."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            yield node.lineno, node.value


def test_the_domain_names_no_xml_element() -> None:
    names = elements()
    assert len(DOMAIN) > 80
    assert {"nodeReference", "solutionId", "sourceScope"} <= names
    assert named(faults, names) == []
    assert named(comments, names) == []


def test_the_domain_names_neither_xml_nor_the_services() -> None:
    """A user of a page or of GraphQL does not know a service that a text names."""
    names = services() | {"XML", "XSD"}
    assert {"GetNode", "SetSolution"} <= names
    assert named(comments, names) == []
    assert named(sentences, names) == []
