"""Forms are accepted from our own pages only, and nothing that is sent makes the console fail."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.http import ADMIN, PASSWORD
from tests.support.pages import Page, Pages

SIGN_OUT = "/console/sign-out"


def refused(pages: Pages, values: dict[str, str], **options: object) -> Page:
    """The page after a form was refused. The visitor is still signed in."""
    page = Page(pages.post(SIGN_OUT, values, **options), SIGN_OUT)
    assert pages.get("/console").title == "Home"
    return page


@pytest.mark.ledger("DEC-344")
def test_a_form_without_its_token_is_refused(pages: Pages) -> None:
    page = refused(pages, {})
    assert (page.status, page.title) == (403, "Not authorised")
    assert "Nothing was done" in page.text


@pytest.mark.ledger("DEC-344")
def test_a_form_with_the_token_of_another_visitor_is_refused(app: Flask, pages: Pages) -> None:
    others = Pages.of(app).get("/console").form(SIGN_OUT)
    assert refused(pages, others).status == 403


@pytest.mark.ledger("DEC-344")
def test_a_form_with_the_token_from_before_the_sign_in_is_refused(app: Flask) -> None:
    pages = Pages(app)
    before = pages.get("/console/sign-in").form("/console/sign-in")
    pages.sign_in()
    assert refused(pages, before).status == 403


@pytest.mark.ledger("DEC-344")
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_that_the_browser_says_is_of_another_site_is_refused(pages: Pages, site: str) -> None:
    form = pages.get("/console").form(SIGN_OUT)
    assert refused(pages, form, headers={"Sec-Fetch-Site": site}).status == 403


def test_a_form_of_a_browser_without_cookies_is_refused(app: Flask) -> None:
    form = Pages(app).get("/console/sign-in").form("/console/sign-in")
    response = Pages(app).post("/console/sign-in", {**form, "user": ADMIN, "password": PASSWORD})
    assert response.status_code == 403
    assert "cookies" in response.text


def test_a_form_in_another_media_type_is_refused(pages: Pages) -> None:
    form = pages.get("/console").form(SIGN_OUT)
    for content_type in ("multipart/form-data", "application/json", "text/plain"):
        assert refused(pages, form, content_type=content_type).status == 415


def test_a_form_that_is_too_large_is_refused(pages: Pages) -> None:
    page = refused(pages, {**pages.get("/console").form(SIGN_OUT), "more": "x" * 1024 * 1024})
    assert (page.status, page.title) == (413, "Too large")


def test_a_method_that_a_page_does_not_have_is_refused(pages: Pages) -> None:
    assert pages.client.get(SIGN_OUT).status_code == 404
    response = pages.client.put("/console")
    assert (response.status_code, response.mimetype) == (405, "text/html")


@pytest.mark.parametrize(
    "path",
    [
        "/console?a=%00",
        "/console/%00",
        "/console/sign-in?next=%00",
        "/console?%00=a",
        "/console/%ff",
        "/console/sign-in?next=%ff",
        "/console/static/../sections.py",
        "/console/static/console.py",
    ],
)
def test_an_address_with_strange_bytes_gets_a_page(pages: Pages, path: str) -> None:
    response = pages.client.get(path)
    assert response.status_code in {200, 303, 400, 404}
    assert response.mimetype == "text/html"


def test_a_script_in_an_address_is_shown_as_text(app: Flask, pages: Pages) -> None:
    script = "/console/%3Cscript%3Ealert(1)%3C/script%3E?a=%3Cscript%3E"
    assert "<script>alert" not in pages.get(script).response.text
    asked = Pages(app).get(script)
    assert "<script>" not in asked.response.text


@pytest.mark.parametrize(("name", "kind"), [("console.css", "text/css"), ("console.js", "text/javascript")])
def test_the_stylesheet_and_the_script_are_kept_by_browsers(app: Flask, name: str, kind: str) -> None:
    tree = Pages(app).get("/console/sign-in").tree
    (address,) = [
        link for link in tree.xpath("//link/@href | //script/@src") if str(link).startswith(f"/console/static/{name}")
    ]
    response = app.test_client().get(address)
    assert response.mimetype == kind
    assert "immutable" in response.headers["Cache-Control"]
    again = app.test_client().get(address, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
    other = app.test_client().get(f"/console/static/{name}?v=old")
    assert other.headers["Cache-Control"] == "no-cache"
