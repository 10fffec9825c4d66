"""The pictures of the console in the README: `make pictures` takes them again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from tests.console.test_browser_updates import shop
from tests.support.browsers import OpenTab, Site, picture
from tests.support.builders import Graph, frozen, links, package
from tests.support.http import Client
from tests.support.served import ROOT

WINDOW = {"width": 1180, "height": 760}
"""A window of this width has room for the whole drawing, which stands above the rows."""
MOST_BYTES = 150_000


@pytest.fixture(scope="module")
def stocked(site: Site) -> Site:
    """A store in which something is out of date, and something has been done."""
    client = Client(site.app)
    client.load(shop())
    graph = Graph().node("garden", package()).node("garden.Pot", frozen(), frozen())
    client.load(graph.node("garden.Set", frozen(*links("garden.Pot.1"))))
    client.update("garden", "force")
    client.load(Graph().node("garden.Shed", frozen(*links("garden.Set.1"))))
    with site.engine.begin() as connection:
        connection.execute(text("INSERT INTO procrastinate_workers DEFAULT VALUES"))
    return site


def test_the_readme_shows_two_small_pictures() -> None:
    shown = re.findall(r"!\[[^\]]+\]\((docs/pictures/[a-z]+\.png)\)", (ROOT / "README.md").read_text())
    assert shown == ["docs/pictures/plan.png", "docs/pictures/home.png"]
    for name in shown:
        content = (ROOT / Path(name)).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert len(content) < MOST_BYTES


def test_the_pictures_show_a_plan_and_the_home_page(stocked: Site, open_tab: OpenTab) -> None:
    page = open_tab(size=WINDOW).sign_in(following="/console/updates/new?node=shop&why=shop.rooms.Kitchen")
    expect(page.get_by_role("heading", name="Why shop.rooms.Kitchen?")).to_be_visible()
    picture(page, "plan", whole=False)
    page = open_tab(size=WINDOW, dark=True).sign_in()
    expect(page.get_by_role("link", name="Plan an update of shop")).to_be_visible()
    expect(page.get_by_role("cell", name="Update of garden", exact=True)).to_be_visible()
    picture(page, "home", whole=False)
