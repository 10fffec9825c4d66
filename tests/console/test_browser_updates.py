"""Plans and runs in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import FloatRect, Locator, expect

from tests.support.accessibility import check_accessible, check_looks
from tests.support.browsers import LOOKS, PHONE, OpenTab, Site, picture
from tests.support.builders import Graph, M, draft, frozen, links, member_type, package, type_with
from tests.support.http import Client
from tests.support.workers import work


def shop() -> Graph:
    """Some packages in which one draft makes many nodes out of date, and one type change is not possible."""
    graph = (
        Graph()
        .node("shop", package())
        .node("shop.part", member_type(USE_VALUE="false"))
        .node("shop.Assembly", type_with("shop.part.1"), type_with())
        .node("shop.hardware.Bolt", frozen(name="Bolt"), draft(name="Bolt, stainless"))
        .node("shop.hardware.Nut", frozen(*links("shop.hardware.Bolt.1"), name="Nut"))
        .node("shop.hardware.Kit", frozen(*links("shop.hardware.Bolt.1", "shop.hardware.Nut.1"), name="Kit"))
        .node("shop.old.Stool", draft(M("shop.part.1", "shop.hardware.Nut.1"), type="shop.Assembly.1", name="Stool"))
    )
    for name in ("Shelf", "Table", "Chair", "Bed"):
        graph.node(f"shop.furniture.{name}", frozen(*links("shop.hardware.Kit.1"), name=name))
    rooms = [f"shop.furniture.{name}.1" for name in ("Shelf", "Table", "Chair")]
    return graph.node("shop.rooms.Kitchen", frozen(*links(*rooms), name="Kitchen")).node(
        "shop.rooms.Bedroom", draft(*links("shop.furniture.Bed.1"), name="Bedroom")
    )


@pytest.fixture(scope="module")
def stocked(site: Site) -> Site:
    Client(site.app).load(shop())
    return site


def test_a_plan_is_looked_at(stocked: Site, open_tab: OpenTab) -> None:
    page = open_tab(dark=True, size=PHONE).sign_in(following="/console/updates/new")
    page.get_by_role("textbox", name="Node").fill("shop")
    page.get_by_role("button", name="Show the plan").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Update of shop")
    page.get_by_role("link", name="shop.rooms.Kitchen: ").click()
    expect(page.get_by_role("heading", name="Why shop.rooms.Kitchen?")).to_be_visible()
    expect(page.locator(".chain li")).to_have_count(4)
    check_looks(page, "plan", *LOOKS)


@pytest.mark.parametrize(("width", "is_beside"), [(1280, True), (1000, False)], ids=["laptop", "tablet"])
def test_the_drawing_stands_beside_the_rows_where_there_is_room(
    stocked: Site, open_tab: OpenTab, width: int, is_beside: bool
) -> None:
    """The drawing also shows the node that was asked about, even if it is wider than its place."""
    page = open_tab(size={"width": width, "height": 800}).sign_in()
    page.goto("/console/updates/new?node=shop&why=shop.rooms.Kitchen")
    drawing, rows = (box_of(page.locator(selector)) for selector in (".canvas", "#rows"))
    if is_beside:
        assert drawing["x"] + drawing["width"] < rows["x"]
        assert drawing["y"] < rows["y"] + rows["height"]
        assert rows["y"] < drawing["y"] + drawing["height"]
    else:
        assert drawing["y"] + drawing["height"] < rows["y"]
    asked = box_of(page.get_by_role("link", name="shop.rooms.Kitchen: "))
    assert drawing["x"] <= asked["x"]
    assert asked["x"] + asked["width"] <= drawing["x"] + drawing["width"]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_drawing_of_two_columns_fits_beside_the_rows(site: Site, open_tab: OpenTab) -> None:
    two = Graph().node("two", package()).node("two.Pin", frozen(), draft())
    Client(site.app).load(two.node("two.Hinge", frozen(*links("two.Pin.1"))))
    page = open_tab(size={"width": 1280, "height": 800}).sign_in()
    page.goto("/console/updates/new?node=two")
    expect(page.get_by_role("link", name="two.Hinge: ")).to_be_visible()
    assert page.evaluate("(canvas => canvas.scrollWidth <= canvas.clientWidth)(document.querySelector('.canvas'))")
    drawing, rows = (box_of(page.locator(selector)) for selector in (".canvas", "#rows"))
    assert drawing["x"] + drawing["width"] < rows["x"]


def box_of(locator: Locator) -> FloatRect:
    """Where an element is in the window."""
    found = locator.bounding_box()
    assert found is not None
    return found


def test_a_run_is_followed_until_its_end(stocked: Site, open_tab: OpenTab) -> None:
    with stocked.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO procrastinate_workers DEFAULT VALUES")
    page = open_tab().sign_in(following="/console/updates/new?node=shop")
    page.get_by_role("button", name="Do exactly this plan").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Update of shop queued")
    picture(page, "queued")
    assert work(stocked.engine) == 1
    expect(page.get_by_role("heading", level=1)).to_contain_text("done")
    check_accessible(page)
    picture(page, "run")
    page.get_by_role("link", name="Runs").first.click()
    check_accessible(page)
    picture(page, "runs")
