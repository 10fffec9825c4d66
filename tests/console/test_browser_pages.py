"""Pages that no other test looks at in a browser: long lists, refused forms and failures."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.console.test_nodes import catalog
from tests.support.accessibility import check_accessible
from tests.support.browsers import OpenTab, Site, forget_failures, picture
from tests.support.builders import Graph, draft, frozen, links, package
from tests.support.http import Client
from tests.support.releases import shop
from tests.support.solution_store import Store

PAGES = {
    "search": "nodes?q=acme&values=true",
    "plan-refused": "updates/new?node=acme&scope=manifest&source=acme.none",
}


def crowd() -> Graph:
    """A package in which more nodes are out of date than a drawing shows."""
    graph = Graph().node("big", package()).node("big.C", frozen(), draft())
    for number in range(205):
        graph.node(f"big.p{number % 3}.N{number}", frozen(*links("big.C.1")))
    return graph


def refuse_draft(page: Page) -> None:
    """Save the draft of a solution with a new screen and a new slot that are not filled in."""
    page.get_by_role("button", name="Add a screen").click()
    page.get_by_role("button", name="Add a config slot").click()
    page.get_by_role("button", name="Save the draft").first.click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()


@pytest.fixture(scope="module")
def solution(site: Site) -> str:
    client = Client(site.app)
    client.load(catalog())
    return shop(Store(client))


def test_lists_and_plans_are_accessible_on_a_desk(solution: str, open_tab: OpenTab) -> None:
    tab = open_tab()
    page = tab.sign_in()
    for name, path in PAGES.items():
        page.goto(f"/console/{path}")
        picture(page, name)
        check_accessible(page)
    forget_failures(tab)


def test_refused_forms_and_failures_are_accessible_on_a_desk(solution: str, open_tab: OpenTab) -> None:
    tab = open_tab()
    page = tab.sign_in(following=f"/console/solutions/{solution}/draft")
    refuse_draft(page)
    picture(page, "draft-refused")
    check_accessible(page)
    page.goto(f"/console/solutions/{solution}/releases")
    page.locator("summary").first.click()
    check_accessible(page)
    page.goto("/console/nodes/nothing/here")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
    picture(page, "failure")
    check_accessible(page)
    forget_failures(tab)
