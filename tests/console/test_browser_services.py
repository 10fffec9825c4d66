"""The pages of services in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from app.solutions.people.tokens import create_master_token
from tests.support.browsers import DESK, PHONE, OpenTab, Site, check_accessible, picture
from tests.support.http import Client
from tests.support.solution_store import Store


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


@pytest.mark.parametrize(("size", "dark"), [(DESK, True), (PHONE, False)], ids=["desk-dark", "phone"])
def test_a_query_is_sent_from_the_page(site: Site, open_tab: OpenTab, size: dict[str, int], dark: bool) -> None:
    with site.engine.begin() as connection:
        token = create_master_token(connection, f"page {size['width']}").token
    Store(Client(site.app)).published()
    page = open_tab(dark=dark, size=size).page
    page.goto("/graphql")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Send").press("Enter")
    expect(page.locator("#result")).to_contain_text('"title": "Support"')
    expect(page).to_have_url(f"{site.url}/graphql")
    picture(page, f"graphql-{size['width']}")
    check_accessible(page)
