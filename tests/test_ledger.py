"""The ledger names tests that exist, and says of every sentence where it stands."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
LEDGER = ROOT / "docs" / "ledger.md"
STATES = {"done", "decided otherwise", "not yet"}
SENTENCES = ["sentence", "state", "proof or reason"]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)(?:\[([\w/-]+)\])?`")
CASES = "tests/conformance/test_conformance.py"


class Row(NamedTuple):
    sentence: str
    state: str
    proof: str


def tables() -> list[list[list[str]]]:
    """The tables of the ledger, each a list of rows of cells; the first row is the heading."""
    found: list[list[list[str]]] = [[]]
    for line in LEDGER.read_text().splitlines():
        if line.startswith("|"):
            found[-1].append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif found[-1]:
            found.append([])
    return [table for table in found if table]


def rows() -> list[Row]:
    """The sentences of the documents."""
    return [Row(*cells) for table in tables() if table[0] == SENTENCES for cells in table[2:]]


@cache
def functions_of(path: str) -> frozenset[str]:
    """The functions of a file, its tests among them."""
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def exists(path: str, name: str, case: str) -> bool:
    if not (ROOT / path).is_file() or name not in functions_of(path):
        return False
    return not case or (path == CASES and (ROOT / CASES).parent.joinpath(case, "request.xml").is_file())


def test_every_test_that_is_named_exists() -> None:
    named = TEST.findall(LEDGER.read_text())
    assert len(named) > 100
    assert [test for test in named if not exists(*test)] == []


def test_every_test_is_named_in_full() -> None:
    """Nothing looks like a test and is not read as one."""
    text = LEDGER.read_text()
    assert len(TEST.findall(text)) == text.count("::")


def test_every_table_has_whole_rows() -> None:
    assert [row for table in tables() for row in table if len(row) != len(table[0])] == []


def test_no_sentence_lacks_a_state() -> None:
    assert len(rows()) > 80
    assert [row for row in rows() if not row.sentence or row.state not in STATES] == []


def test_what_is_done_names_a_test_that_proves_it() -> None:
    assert [row for row in rows() if row.state == "done" and not TEST.search(row.proof)] == []


def test_what_is_decided_otherwise_has_a_reason() -> None:
    assert [
        row for row in rows() if row.state == "decided otherwise" and not TEST.sub("", row.proof).strip("<br> ")
    ] == []


def test_no_sentence_is_there_twice() -> None:
    assert [sentence for sentence, times in Counter(row.sentence for row in rows()).items() if times > 1] == []


def test_every_decision_names_a_test() -> None:
    decisions = [table for table in tables() if table[0] == ["decision", "proof"]]
    assert len(decisions) == 1
    assert [row for row in decisions[0][2:] if not TEST.search(row[1])] == []
