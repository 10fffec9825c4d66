"""What pages do to nodes, solutions and instances, in a browser and with the keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.console.test_nodes import catalog
from tests.support.browsers import Site, Tab
from tests.support.builders import Graph, M, draft, member_type, package, type_with
from tests.support.http import Client
from tests.support.keyboard import press, tab_to, write
from tests.support.releases import CHANNEL, shop
from tests.support.solution_store import Store, config_slot


@pytest.fixture(scope="module")
def store(site: Site) -> Store:
    return Store(Client(site.app))


def test_a_draft_is_edited_frozen_and_made_again_with_the_keyboard(site: Site, desk: Tab) -> None:
    client = Client(site.app)
    client.load(catalog())
    client.copy("acme.Widget.1", "acme.Widget")
    page = desk.show("/console/nodes/acme/Widget")
    press(page, "link", "Edit the draft")
    write(page, "Target of member 2 of part", "acme.Nut.1")
    tab_to(page, page.get_by_label("Remove member 1").last)
    page.keyboard.press("Space")
    press(page, "button", "Save the draft")
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    members = page.get_by_role("group", name="Members")
    expect(members).to_contain_text("acme.Nut.1")
    expect(members).not_to_contain_text("made of steel")
    press(page, "link", "Freeze")
    press(page, "button", "Freeze 1 draft")
    expect(page.get_by_text("The draft is frozen.")).to_be_visible()
    press(page, "button", "New draft")
    expect(page.get_by_text("There is a new draft.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("draft")


def test_a_type_that_stands_in_the_way_of_an_update_is_changed(site: Site, desk: Tab) -> None:
    graph = (
        Graph()
        .node("types", package())
        .node("types.m", member_type())
        .node("types.T", type_with("types.m.1"), type_with())
        .node("things.N", draft(M("types.m.1", value="data"), type="types.T.1"))
    )
    Client(site.app).load(graph)
    at = "/console/updates/new?node=things&scope=current"
    page = desk.show(at)
    expect(page.get_by_text("Can not update to type types.T.2")).to_be_visible()
    press(page, "link", "Change the type")
    write(page, "New type", "types.T.2")
    press(page, "button", "Show what happens to the data")
    expect(page.get_by_text("The new type has no place for this data.")).to_be_visible()
    press(page, "button", "Change the type")
    expect(page.get_by_text("The draft has the new type.")).to_be_visible()
    page.goto("/console/updates/new?node=things&scope=current")
    expect(page.get_by_text("Everything is up to date")).to_be_visible()


def test_a_draft_is_published_with_the_keyboard(store: Store, desk: Tab) -> None:
    solution = shop(store)
    page = desk.show(f"/console/solutions/{solution}")
    press(page, "link", "Publish draft")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("An upgrade is needed.")).to_be_visible()
    write(page, "Release notes", "Needs a token.")
    press(page, "button", "Publish release 2")
    expect(page.get_by_text("Release 2 is published.")).to_be_visible()
    expect(page.get_by_text("Needs a token.")).to_be_attached()


def test_an_instance_is_held_upgraded_enabled_and_given_to_its_user(store: Store, desk: Tab) -> None:
    solution = store.published(config=[CHANNEL])
    instance = store.instance(solution, name="Mine", config={"channel": '"general"'})
    store.republish(solution, config=[CHANNEL, config_slot("more", mandatory="false")])
    page = desk.show(f"/console/instances/{instance}")
    press(page, "button", "Hold")
    expect(page.get_by_text("It would move to release 2 by itself, but is on hold.")).to_be_visible()
    press(page, "button", "Release the hold")
    expect(page.get_by_text("The hold is released.")).to_be_visible()
    press(page, "button", "Upgrade to release 2")
    expect(page.get_by_text("The instance is on release 2.")).to_be_visible()
    press(page, "button", "Enable")
    expect(page.get_by_role("heading", level=1)).to_have_text("Mine Enabled")
    history = page.get_by_role("group", name="History").locator("tbody tr")
    expect(history).to_have_count(5)
    expect(history.first).to_contain_text("enabled")
    press(page, "button", "Wizard link")
    page.goto(page.locator("#wizard").inner_text())
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")


def test_instances_are_rolled_back_after_a_warning(store: Store, desk: Tab) -> None:
    solution = store.published(config=[CHANNEL])
    store.republish(solution, config=[CHANNEL, config_slot("more", mandatory="false")])
    instance = store.instance(solution, name="Mine", config={"channel": '"general"', "more": '"lost"'})
    page = desk.show(f"/console/solutions/{solution}")
    tab_to(page, page.locator("summary", has_text="Release 1"))
    page.keyboard.press("Enter")
    press(page, "link", "Roll instances back to release 1")
    press(page, "button", "Show what it would do")
    expect(page.get_by_text("This rolls instances back to release 1.")).to_be_visible()
    press(page, "button", "Do exactly this: move 1 instance")
    expect(page.get_by_role("heading", level=1)).to_have_text("Roll-out of Support to release 1 done")
    press(page, "link", "Mine")
    expect(page.get_by_role("group", name="History").locator("tbody tr").first).to_contain_text(
        "from release 2 to 1 rolled back"
    )
    assert store.get(instance).release == 1
