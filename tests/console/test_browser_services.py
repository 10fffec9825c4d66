"""The pages of services in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browsers import DESK, PHONE, OpenTab, check_accessible, picture


@pytest.mark.parametrize(("size", "dark"), [(DESK, False), (PHONE, True)], ids=["desk", "phone-dark"])
def test_the_pages_of_services_are_accessible(open_tab: OpenTab, size: dict[str, int], dark: bool) -> None:
    page = open_tab(dark=dark, size=size).sign_in(following="/console/services")
    page.get_by_label("Filter").fill("getnode")
    expect(page.locator("#services tbody tr:visible")).to_have_count(1)
    check_accessible(page)
    page.goto("/console/services/GetNode")
    page.get_by_label("nodeVersionReference").fill("system.1")
    page.keyboard.press("Enter")
    expect(page.locator("#tried")).to_contain_text("<nodeReference>system</nodeReference>")
    picture(page, f"service-{size['width']}")
    check_accessible(page)
