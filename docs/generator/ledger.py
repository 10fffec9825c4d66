"""Which tests prove which promise: the ledger and the decisions, beside the markers of the tests."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_PROMISES = (ROOT / "docs" / "ledger.md", ROOT / "docs" / "decisions" / "README.md")
_TESTS = ROOT / "tests"
_CONFORMANCE = _TESTS / "conformance"
_ID = re.compile(r"[A-Z]{3}-\d+")


class Promise(NamedTuple):
    """A sentence of a seed document or a decision. `state` is empty for a decision."""

    identifier: str
    sentence: str
    state: str
    reason: str


def promises() -> list[Promise]:
    """The rows of the ledger, then those of the decisions."""
    return [
        Promise(*(cells + ["", "", ""])[:4])
        for path in _PROMISES
        for line in path.read_text(encoding="utf-8").splitlines()
        if (cells := [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]) and _ID.fullmatch(cells[0])
    ]


def proofs() -> dict[str, list[str]]:
    """The tests that prove each promise, by its id: `tests/file.py::test` or the folder of a golden pair."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(_TESTS.rglob("test_*.py")):
        for name, identifiers in _marked(path):
            for identifier in identifiers:
                found[identifier].append(f"{path.relative_to(ROOT).as_posix()}::{name}")
    for path in sorted(_CONFORMANCE.rglob("proves.txt")):
        for identifier in path.read_text(encoding="utf-8").split():
            found[identifier].append(path.parent.relative_to(ROOT).as_posix())
    return dict(found)


def pages() -> Iterator[tuple[str, str]]:
    """The one page of promises with their tests."""
    known = proofs()
    rows = [
        f"| {promise.identifier} | {promise.sentence} | {'<br>'.join(f'`{test}`' for test in known.get(promise.identifier, []))} |"
        for promise in promises()
    ]
    yield (
        "proofs.md",
        "# Which tests prove what\n\n"
        "The sentences of the [ledger](../ledger.md) and the [decisions](../decisions/README.md), each with the tests that are marked\n"
        "with its id. A folder is a golden pair of `tests/conformance`.\n\n"
        "| id | promise | tests |\n|---|---|---|\n" + "\n".join(rows) + "\n",
    )


def _marked(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The test functions of a file that bear the marker `ledger`, with the ids in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            identifiers = [
                argument.value
                for decorator in node.decorator_list
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.ledger"
                for argument in decorator.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            ]
            if identifiers:
                yield node.name, identifiers
