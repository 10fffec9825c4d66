"""The pages of nodes in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.console.test_nodes import catalog
from tests.support.browsers import OpenTab, Site, Tab
from tests.support.http import Client


@pytest.fixture(scope="module")
def stocked(site: Site) -> Site:
    client = Client(site.app)
    client.load(catalog())
    client.copy("acme.Widget.1", "acme.Widget")
    return site


def test_a_draft_is_edited_without_scripts(stocked: Site, open_tab: OpenTab) -> None:
    page = open_tab(scripts=False).sign_in(following="/console/nodes/acme/Widget")
    page.get_by_role("link", name="Edit the draft").click()
    page.get_by_label("Target of member 2 of part").fill("acme.Nut.1")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    expect(page.get_by_role("group", name="Members").get_by_role("link", name="acme.Nut.1")).to_be_visible()
    expect(page.locator("td time").first).to_contain_text("UTC")


def test_times_are_those_of_the_reader(stocked: Site, desk: Tab) -> None:
    page = desk.show("/console/nodes/acme/Widget")
    shown = page.locator("td time").first
    expect(shown).not_to_contain_text("UTC")
    moment = shown.get_attribute("datetime") or ""
    tokyo = (int(moment[11:13]) + 9) % 24
    expect(shown).to_contain_text(f"{tokyo:02}:{moment[14:16]}")
