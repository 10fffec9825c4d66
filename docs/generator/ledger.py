"""Which tests prove which promise, from the ledger and from the markers of the tests."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_LEDGER = ROOT / "docs" / "ledger.md"
_TESTS = ROOT / "tests"
_CONFORMANCE = _TESTS / "conformance"
_ID = re.compile(r"[A-Z]{3}-\d+")
_LINK = re.compile(r"\]\((?!https?:|#)")


class Promise(NamedTuple):
    """A sentence of one of the two documents, a promise of ours, or a decision, which has no state and no reason."""

    identifier: str
    sentence: str
    state: str
    reason: str


class Proof(NamedTuple):
    """A test, `tests/file.py::test` or the directory of a golden pair, and whether only `make soak` runs it."""

    test: str
    is_long: bool = False


def promises() -> list[Promise]:
    """The rows of the ledger."""
    return [
        Promise(*[*cells, "", "", ""][:4])
        for line in _LEDGER.read_text(encoding="utf-8").splitlines()
        if (cells := [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]) and _ID.fullmatch(cells[0])
    ]


@cache
def proofs() -> dict[str, list[Proof]]:
    """The tests that prove each promise, by its id."""
    found: dict[str, list[Proof]] = defaultdict(list)
    for path in sorted(_TESTS.rglob("test_*.py")):
        file = path.relative_to(ROOT).as_posix()
        for test, identifiers in _marked(path):
            for identifier in identifiers:
                found[identifier].append(Proof(f"{file}::{test.name}", _is_long(path, test)))
    for path in sorted(_CONFORMANCE.rglob("proves.txt")):
        for identifier in path.read_text(encoding="utf-8").split():
            found[identifier].append(Proof(path.parent.relative_to(ROOT).as_posix()))
    return dict(found)


def only_in_soak() -> set[str]:
    """The ids of the promises whose tests only `make soak` runs."""
    return {identifier for identifier, tests in proofs().items() if all(each.is_long for each in tests)}


def pages() -> Iterator[tuple[str, str]]:
    """The one page of the promises and their tests."""
    known = proofs()
    rows = [
        f"| {its.identifier} | {_LINK.sub('](../', its.sentence)} | {_shown(known.get(its.identifier, []))} |"
        for its in promises()
    ]
    yield (
        "proofs.md",
        "# Which tests prove what\n\n"
        "The sentences, promises and decisions of the [ledger](../ledger.md), each with the tests that are marked "
        "with its id.\nA directory is a golden pair of `tests/conformance`. A test that only `make soak` runs is "
        "marked as such.\n\n"
        "| id | promise | tests |\n|---|---|---|\n" + "\n".join(rows) + "\n",
    )


def _shown(tests: list[Proof]) -> str:
    return "<br>".join(f"`{each.test}`{' (only `make soak`)' if each.is_long else ''}" for each in tests)


def _is_long(path: Path, test: ast.FunctionDef) -> bool:
    """Whether only `make soak` runs a test."""
    return (
        path.is_relative_to(_TESTS / "soak")
        or "pytestmark = pytest.mark.soak" in path.read_text(encoding="utf-8")
        or any(ast.unparse(decorator) == "pytest.mark.soak" for decorator in test.decorator_list)
    )


def _marked(path: Path) -> Iterator[tuple[ast.FunctionDef, list[str]]]:
    """The test functions of a file that have the marker `ledger`, with its ids."""
    source = path.read_text(encoding="utf-8")
    if "pytest.mark.ledger" not in source:
        return
    module = ast.parse(source)
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    for node in chain(module.body, *(each.body for each in classes)):
        if isinstance(node, ast.FunctionDef):
            identifiers = [
                argument.value
                for decorator in node.decorator_list
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.ledger"
                for argument in decorator.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            ]
            if identifiers:
                yield node, identifiers
