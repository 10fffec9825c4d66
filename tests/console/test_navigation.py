"""The navigation: the sections that a user may open, and where a page is in them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.pages import Page, Pages

MakeUser = Callable[..., None]
CRUMBS = "nav.crumbs a"


def section(page: Page) -> list[str]:
    return page.texts(".sections a[aria-current=page]")


@pytest.mark.ledger("DEC-407")
def test_the_navigation_has_only_sections_that_the_user_may_open(app: Flask, pages: Pages, make_user: MakeUser) -> None:
    make_user("ann")
    make_user("bea", "administer-solutions")
    everything = ["Home", "Nodes", "Runs", "Solutions", "Instances", "People", "Services"]
    assert pages.get("/console").sections == Pages.of(app, "bea").get("/console").sections == everything
    anns = Pages.of(app, "ann")
    home = anns.get("/console")
    assert home.sections == ["Home", "Nodes", "Runs", "People", "Services"]
    for link in home.tree.cssselect(".sections a"):
        assert anns.get(link.get("href", "")).status == 200


@pytest.mark.ledger("DEC-407")
@pytest.mark.parametrize("path", ["solutions", "solutions/x/publish", "instances", "instances/x"])
def test_a_refused_page_says_where_it_is_and_what_is_missing(app: Flask, make_user: MakeUser, path: str) -> None:
    make_user("ann")
    page = Pages.of(app, "ann").get(f"/console/{path}")
    assert page.status == 403
    assert page.texts(CRUMBS) == [path.partition("/")[0].capitalize()]
    assert "You need the permission administer-solutions to see this page. Ask an administrator." in page.text


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("nodes/acme/Nothing", "Nodes"),
        ("runs/7", "Runs"),
        ("services/Nothing", "Services"),
        ("solutions/x", "Solutions"),
    ],
)
def test_a_page_that_is_not_found_keeps_its_section(pages: Pages, path: str, name: str) -> None:
    page = pages.get(f"/console/{path}")
    assert page.status == 404
    assert section(page) == page.texts(CRUMBS) == [name]
    assert page.texts("nav.crumbs [aria-current=page]") == [page.title]


def test_an_address_without_a_page_is_in_no_section(pages: Pages) -> None:
    page = pages.get("/console/nothing")
    assert page.status == 404
    assert section(page) == page.texts(CRUMBS) == []


@pytest.mark.parametrize("name", ["admin", "ann"])
def test_the_name_of_the_user_leads_to_the_form_for_a_new_password(app: Flask, make_user: MakeUser, name: str) -> None:
    make_user("ann")
    browser = Pages.of(app, name)
    (link,) = browser.get("/console").tree.cssselect(".who a")
    assert link.text_content() == name
    page = browser.get(link.get("href", ""))
    assert page.status == 200
    assert "new_password" in page.form(f"/console/people/{name}/password")
