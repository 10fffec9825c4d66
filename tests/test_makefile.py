"""`make soak` runs every file that has a test marked `soak`."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
MARK = re.compile(r"\bmark\.soak\b")


def test_make_soak_runs_every_test_that_is_marked() -> None:
    _, _, rest = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nsoak: install")
    recipe, _, _ = rest.partition("\n\n")
    given = [ROOT / path for path in re.findall(r"\btests/[\w/.]+", recipe)]
    assert [path for path in given if not path.exists()] == []
    marked = [path for path in (ROOT / "tests").rglob("test_*.py") if MARK.search(path.read_text(encoding="utf-8"))]
    assert len(marked) > 10
    assert [path for path in marked if not any(path.is_relative_to(each) for each in given)] == []
