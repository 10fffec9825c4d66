"""The pages of services in a browser."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from app.solutions.people.tokens import create_master_token
from tests.support.accessibility import check_accessible, check_looks
from tests.support.browsers import DESK, LOOKS, PHONE, Look, OpenTab, Site, picture
from tests.support.http import Client
from tests.support.keyboard import choose, press, tab_to, write
from tests.support.solution_store import Store


def test_a_service_is_tried_with_the_keyboard_on_a_phone(open_tab: OpenTab) -> None:
    page = open_tab(dark=True, size=PHONE).sign_in(following="/console/services")
    write(page, "Filter", "getnode")
    expect(page.locator("#services tbody tr:visible")).to_have_count(1)
    check_looks(page, "services", *LOOKS)
    tab_to(page, page.locator("#services tbody tr:visible a"))
    page.keyboard.press("Enter")
    write(page, "nodeVersionReference", "system.1")
    choose(page, "memberDetailLevel", "none")
    press(page, "button", "Send")
    expect(page.locator("#tried")).to_contain_text("<nodeReference>system</nodeReference>")
    check_looks(page, "service", *LOOKS)
    page.goto("/console/services/SetSolution")
    picture(page, "service-long")
    check_accessible(page)


def test_a_query_is_sent_with_the_keyboard(site: Site, open_tab: OpenTab) -> None:
    with site.engine.begin() as connection:
        token = create_master_token(connection, "page").token
    Store(Client(site.app)).published()
    page = open_tab(dark=True).page
    page.goto("/graphql")
    write(page, "Token", token)
    write(page, "Query", "query ($first: Int) { viewer { solutions(first: $first) { edges { node { title } } } } }")
    write(page, "Variables", '{"first": 1}')
    press(page, "button", "Send")
    expect(page.locator("#result")).to_contain_text('"title": "Support"')
    expect(page).to_have_url(f"{site.url}/graphql")
    check_looks(page, "graphql", Look(DESK, dark=True), Look(PHONE, dark=False))


def test_what_is_wrong_with_a_query_is_shown_beside_its_field(site: Site, open_tab: OpenTab) -> None:
    with site.engine.begin() as connection:
        token = create_master_token(connection, "wrong").token
    tab = open_tab()
    page = tab.page
    page.goto("/graphql")
    page.get_by_label("Token").fill(token)
    page.get_by_label("Query").fill("{ nothing }")
    page.get_by_label("Variables").fill('{"first": 1')
    page.get_by_label("Variables").press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Variables")).to_have_accessible_description(re.compile("is not JSON: .* column 12"))
    check_accessible(page)
    tab.faults.clear()  # the status of a form that was refused
    page.get_by_label("Variables").fill("")
    press(page, "button", "Send")
    expect(page.get_by_label("Query")).to_have_accessible_description(re.compile("Cannot query field 'nothing'"))
    expect(page.get_by_label("Variables")).to_have_accessible_description("A JSON object.")
    expect(page.get_by_label("Token")).to_have_value(token)
    expect(page.locator("#result")).to_contain_text("invalid_query")
