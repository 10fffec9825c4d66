"""Numbers in the tables of the console line up.

`tests.support.pages` checks this for each page that a test without a browser reads, and `tests.support.browsers` checks
the style for each page that a test with a browser looks at.
"""

from __future__ import annotations

import pytest
from lxml import html

from tests.support.builders import Graph, draft, package
from tests.support.http import Client
from tests.support.pages import Pages, check_numbers
from tests.support.releases import shop
from tests.support.solution_store import Store

NUMBER = ' class="number"'


def table(heading: str, cell: str, *rows: str) -> html.HtmlElement:
    body = "".join(f"<tr>{row}</tr>" for row in (cell, *rows))
    return html.fragment_fromstring(
        f"<table><thead><tr>{heading}</tr></thead><tbody>{body}</tbody></table>", create_parent=True
    )


@pytest.mark.ledger("DEC-392")
@pytest.mark.parametrize("text", ["7", "1,234", "-1.5", "1 → 2", "3 of 5", "250 ms", "1.2 s", "2 h 5 min"])
def test_a_number_without_the_class_is_found(text: str) -> None:
    check_numbers(table(f"<th{NUMBER}>Runs</th>", f"<td{NUMBER}>{text}</td>"))
    for heading, cell in (("", ""), (NUMBER, ""), ("", NUMBER)):
        with pytest.raises(AssertionError):
            check_numbers(table(f"<th{heading}>Runs</th>", f"<td{cell}>{text}</td>"))


@pytest.mark.ledger("DEC-392")
def test_tables_of_numbers_are_found_on_the_pages(pages: Pages, store: Store, client: Client) -> None:
    client.load(Graph().node("acme", package()).node("acme.A", draft()))
    solution = shop(store)
    store.publish(solution)
    for path, headings in {
        "/console/nodes": ["Version"],
        "/console/nodes?q=acme": ["Version"],
        f"/console/solutions/{solution}": ["Release", "Instances", "Enabled", "On hold"],
        f"/console/solutions/{solution}/publish": ["For their user", "For the system"],
        "/console/instances": ["Release"],
    }.items():
        assert [each for each in headings if each not in pages.get(path).texts("th.number")] == [], path
