"""A run that is followed, cancelled and finished in a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.console.test_browser_updates import box_of, shop
from tests.console.test_runs import WORKER, locked
from tests.support.accessibility import check_accessible
from tests.support.browsers import OpenTab, Site, Tab, picture
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import Client
from tests.support.keyboard import press, write
from tests.support.workers import working

LAST = "shop.rooms.Kitchen"


@pytest.fixture
def stocked(site: Site) -> Iterator[Site]:
    """A service with a worker, and a package in which something is out of date."""
    client = Client(site.app)
    with site.engine.begin() as connection:
        found = connection.execute(text("SELECT count(*) FROM node WHERE node_reference = 'shop'")).scalar_one()
        connection.exec_driver_sql(WORKER)
    if not found:
        client.load(shop())
    yield site
    with site.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM procrastinate_workers")


def begun(tab: Tab, package: str) -> Page:
    """The page of a run that waits for the worker."""
    page = tab.sign_in(following=f"/console/updates/new?node={package}")
    page.get_by_role("button", name="Do exactly this plan").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("queued")
    return page


@pytest.mark.parametrize("blocked", [False, True], ids=["events", "polling"])
def test_the_page_of_a_run_moves_with_it(stocked: Site, open_tab: OpenTab, blocked: bool) -> None:
    tab = open_tab()
    if blocked:
        tab.page.route("**/events*", lambda route: route.fulfill(status=503))
    package = f"move{int(blocked)}"
    graph = Graph().node(f"{package}.C", frozen(), draft())
    graph.node(f"{package}.B", frozen(*links(f"{package}.C.1")))
    Client(stocked.app).load(graph.node(f"{package}.A", frozen(*links(f"{package}.B.1"))))
    first, last = locked(stocked.engine, f"{package}.B"), locked(stocked.engine, f"{package}.A")
    page = begun(tab, package)
    page.evaluate("window.isStillHere = true")
    with working(stocked.engine), first, last:
        expect(page.get_by_role("heading", level=1)).to_contain_text("running")
        expect(page.locator("svg .waits")).to_have_count(2)
        drawing, outcomes = box_of(page.locator(".canvas")), box_of(page.locator("table.outcomes"))
        assert drawing["x"] + drawing["width"] < outcomes["x"]
        first.close()
        expect(page.locator("svg .waits")).to_have_count(1)
        expect(page.locator("[data-count=version]")).to_have_text("1")
        expect(page.locator("table.outcomes tbody tr")).to_have_count(1)
        expect(page.get_by_role("link", name=f"{package}.B")).to_be_visible()
        if not blocked:
            check_accessible(page)
            picture(page, "running")
        last.close()
        expect(page.get_by_role("heading", level=1)).to_contain_text("done")
    expect(page.locator("[data-count=version]")).to_have_text("2")
    assert page.evaluate("window.isStillHere")
    # A screen reader says what the page has become.
    expect(page.get_by_role("status").last).to_have_text(f"Update of {package} done")
    if blocked:
        assert all("503" in fault for fault in tab.faults)
        tab.faults.clear()


def test_a_run_is_cancelled_and_the_rest_is_done_with_the_keyboard(stocked: Site, open_tab: OpenTab) -> None:
    lock = locked(stocked.engine, LAST)
    page = begun(open_tab(), "shop")
    with working(stocked.engine), lock:
        expect(page.get_by_role("heading", level=1)).to_contain_text("running")
        expect(page.locator("svg .waits").first).to_be_visible()
        press(page, "button", "Cancel")
        expect(page.get_by_text("It ends after the present node.")).to_be_visible()
        lock.close()
        expect(page.get_by_role("heading", level=1)).to_contain_text("cancelled")
    expect(page.get_by_text("Cancelled by admin.")).to_be_visible()
    picture(page, "cancelled")
    press(page, "link", "Do the rest")
    press(page, "button", "Do exactly this plan")
    with working(stocked.engine):
        expect(page.get_by_role("heading", level=1)).to_contain_text("done")
    page.goto("/console/runs?state=failed")
    # The second run ends with a warning: the update of one node is not possible.
    rows = page.get_by_role("group", name="Runs").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("done in part")
    expect(rows.last).to_contain_text("cancelled")


def test_a_plan_is_made_and_done_with_the_keyboard(stocked: Site, open_tab: OpenTab) -> None:
    Client(stocked.app).load(
        Graph().node("keys.B", frozen(), draft()).node("keys.A", frozen(*links("keys.B.1"), name="A"))
    )
    page = open_tab().sign_in(following="/console/updates/new")
    write(page, "Node", "keys")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Update of keys")
    press(page, "button", "Do exactly this plan")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Update of keys")
    with working(stocked.engine):
        expect(page.get_by_role("heading", level=1)).to_have_text("Update of keys done")
