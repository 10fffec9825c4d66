"""The pages of solutions in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.accessibility import check_accessible
from tests.support.browsers import OpenTab, Site, Tab, picture
from tests.support.http import Client
from tests.support.keyboard import choose, press, write
from tests.support.releases import shop
from tests.support.solution_store import Store


@pytest.fixture(scope="module")
def solution(site: Site) -> str:
    store = Store(Client(site.app))
    solution = shop(store)
    store.publish(solution, releaseNotes="Needs a token.")
    return solution


def test_a_roll_out_is_done_with_the_keyboard(site: Site, desk: Tab) -> None:
    store = Store(Client(site.app))
    solution = shop(store)
    store.publish(solution)
    page = desk.show(f"/console/solutions/{solution}/rollout")
    choose(page, "To", "1")
    choose(page, "To", "2")
    write(page, "Token", '"secret"')
    press(page, "button", "Show what it would do")
    press(page, "button", "Do exactly this: move 3 instances")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Roll-out")
    picture(page, "solutions-run")
    check_accessible(page)
    page.goto(f"/console/solutions/{solution}")
    expect(page.get_by_role("group", name="Instances per release")).to_contain_text("latest")
    picture(page, "solutions-moved")


@pytest.mark.ledger("UVU-7", "UVU-8")
def test_the_draft_is_published_in_a_dialog(site: Site, desk: Tab) -> None:
    solution = shop(Store(Client(site.app)))
    page = desk.show(f"/console/solutions/{solution}")
    page.get_by_role("link", name="Publish draft").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("An upgrade is needed.")).to_be_visible()
    picture(page, "solutions-dialog")
    check_accessible(page)
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="Publish draft")).to_be_focused()
    page.get_by_role("link", name="Publish draft").click()
    dialog.get_by_label("Release notes").fill("Needs a token.")
    dialog.get_by_role("button", name="Publish release 2").click()
    expect(page.get_by_text("Release 2 is published.")).to_be_visible()


def test_a_slot_is_added_with_the_keyboard_and_without_scripts(solution: str, open_tab: OpenTab) -> None:
    page = open_tab(scripts=False).sign_in(following=f"/console/solutions/{solution}/draft")
    page.get_by_role("button", name="Add a config slot").press("Enter")
    page.locator("details[open]").get_by_label("External id").fill("colour")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    expect(page.get_by_role("group", name="Changes of the draft")).to_contain_text("colour")
