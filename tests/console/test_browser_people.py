"""The pages of people in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browsers import DESK, PHONE, OpenTab, check_accessible, picture
from tests.support.http import ADMIN


@pytest.mark.parametrize(("size", "dark"), [(DESK, False), (PHONE, True)], ids=["desk", "phone-dark"])
def test_the_pages_of_people_are_accessible(open_tab: OpenTab, size: dict[str, int], dark: bool) -> None:
    page = open_tab(dark=dark, size=size).sign_in(following="/console/people")
    pages = {
        "people": "people",
        "person": f"people/{ADMIN}?node=system",
        "permissions": "permissions?node=system",
        "tokens": "tokens",
    }
    for name in pages if size is DESK else ("people", "person"):
        page.goto(f"/console/{pages[name]}")
        picture(page, f"{name}-{size['width']}")
        check_accessible(page)


def test_a_user_is_added_without_scripts(open_tab: OpenTab) -> None:
    page = open_tab(scripts=False).sign_in(following="/console/people")
    page.get_by_label("User", exact=True).fill("ann")
    page.get_by_label("Password", exact=True).fill("long enough")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The user is added.")).to_be_visible()
