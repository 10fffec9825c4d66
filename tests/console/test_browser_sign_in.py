"""The sign-in in a browser: with the keyboard, without scripts, dark, and on a phone."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.accessibility import check_looks
from tests.support.browsers import LOOKS, PHONE, OpenTab
from tests.support.http import ADMIN, PASSWORD


def test_the_sign_in_is_accessible(open_tab: OpenTab) -> None:
    page = open_tab(dark=True, size=PHONE).page
    page.goto("/console")
    check_looks(page, "sign-in", *LOOKS)


def test_a_user_signs_in_and_out_with_the_keyboard_alone(open_tab: OpenTab) -> None:
    page = open_tab().page
    page.goto("/console")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.type(ADMIN)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    page.get_by_role("button", name="Sign out").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_the_sign_in_works_without_scripts(open_tab: OpenTab) -> None:
    page = open_tab(scripts=False).sign_in_with_form()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
