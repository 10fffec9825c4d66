"""The pages of decisions have the same form, and the list of decisions names each of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs/decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_a_number_in_its_title_and_three_parts(page: Path) -> None:
    headings = [line for line in page.read_text().splitlines() if re.match("##? ", line)]
    assert headings[0].startswith(f"# {page.stem[:4]}: ")
    assert headings[1:] == ["## Decision", "## Why", "## What else was possible"]


def test_the_list_names_every_page() -> None:
    rows = re.findall(r"^\| \[(\d+)\]\(([\w-]+\.md)\) \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert len(PAGES) > 8
    assert rows == [(page.stem[:4], page.name) for page in PAGES]
