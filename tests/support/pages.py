"""The console without a browser: pages are read and forms are sent through HTTP."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from urllib.parse import urljoin, urlsplit

from flask import Flask
from lxml import html
from lxml.cssselect import CSSSelector
from werkzeug.test import Client, TestResponse

from tests.support.http import ADMIN, PASSWORD

_FIGURE = r"[+-]?\d[\d,]*(\.\d+)?"
_NUMBER = re.compile(rf"{_FIGURE}( (→|of) {_FIGURE})?( ?(ms|s|min|h)( \d+ (s|min))?)?")
_ID = re.compile(r'<[a-z][^>]* id="([^"]*)"')
POLICY = "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"


@dataclass(frozen=True)
class Page:
    """A page, at its address."""

    response: TestResponse
    address: str

    @property
    def status(self) -> int:
        return self.response.status_code

    @cached_property
    def tree(self) -> html.HtmlElement:
        return html.document_fromstring(self.response.get_data())

    @property
    def title(self) -> str:
        """The heading of the page."""
        return shown(self.tree.find(".//h1"))

    @property
    def text(self) -> str:
        """The texts of the page, with white space collapsed."""
        return shown(self.tree.find(".//main"))

    @property
    def sections(self) -> list[str]:
        """The entries of the navigation."""
        return [shown(link) for link in selected(self.tree, ".sections a")]

    @property
    def links(self) -> list[str]:
        """The addresses of all links in the content."""
        return [link.get("href", "") for link in selected(self.tree, "main a")]

    def texts(self, selector: str) -> list[str]:
        """The text of each element that a CSS selector finds."""
        return [shown(element) for element in selected(self.tree, selector)]

    def rows(self, selector: str = "main table") -> list[list[str]]:
        """The cells of the body of the first table that a CSS selector finds."""
        tables = selected(self.tree, selector)
        return [[shown(cell) for cell in row] for row in selected(tables[0], "tbody tr")] if tables else []

    def form(self, action: str) -> dict[str, str]:
        """The fields of the form that is sent to an address."""
        for form in self.tree.forms:
            if form.method == "POST" and self.action(form) == urljoin(self.address, action):
                # As in a browser, a line end at the beginning of a text area is not part of its text.
                areas = {area.name for area in selected(form, "textarea")}
                return {
                    name: (value or "").removeprefix("\n") if name in areas else value or ""
                    for name, value in form.form_values()
                }
        raise AssertionError(f"no form is sent to {action}: {[self.action(form) for form in self.tree.forms]}")

    def action(self, form: html.FormElement) -> str:
        return urljoin(self.address, str(form.action or self.address))


def selected(element: html.HtmlElement, selector: str) -> list[html.HtmlElement]:
    """The elements in an element that a CSS selector finds."""
    found: list[html.HtmlElement] = _compiled(selector)(element)  # type: ignore[assignment]
    return found


_compiled = cache(CSSSelector)


def shown(element: html.HtmlElement | None) -> str:
    return "" if element is None else " ".join(element.text_content().split())


@dataclass
class Pages:
    """A browser without scripts, that of one user."""

    app: Flask
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    @classmethod
    def of(cls, app: Flask, user: str = ADMIN) -> Pages:
        """Return the browser of a signed-in user, without opening the page after the sign-in."""
        pages = cls(app)
        response = pages._sent_in(user, PASSWORD, "/console")
        assert response.status_code == 303, response.text
        return pages

    def sign_in(self, user: str = ADMIN, password: str = PASSWORD, following: str = "/console") -> Page:
        """Sign in with the form, and return the page that follows."""
        return self._following("/console/sign-in", self._sent_in(user, password, following))

    def _sent_in(self, user: str, password: str, following: str) -> TestResponse:
        page = self.get(f"/console/sign-in?next={following}")
        return self.post("/console/sign-in", {**page.form("/console/sign-in"), "user": user, "password": password})

    def get(self, path: str, **options: object) -> Page:
        """The page at a path, or at the one that it redirects to. Each page has the headers that keep it safe."""
        response = self.client.get(path, **options)
        checked(response)
        if response.status_code == 303:
            return self.get(urljoin(path, response.headers["Location"]))
        return Page(response, path)

    def send(self, page: Page, action: str, /, **values: str) -> Page:
        """Send a form of a page with other values in some fields, and return the page that follows."""
        return self._following(action, self.post(action, {**page.form(action), **values}))

    def _following(self, action: str, response: TestResponse) -> Page:
        if response.status_code == 303:
            return self.get(urljoin(action, response.headers["Location"]))
        return Page(response, urlsplit(action).path)

    def post(self, path: str, values: Mapping[str, str], **options: object) -> TestResponse:
        """Send fields to a path."""
        response = self.client.post(path, data=dict(values), **options)
        checked(response)
        return response


def check_ids(text: str) -> None:
    """No two elements of a page have the same id: a label would name the wrong field."""
    ids = _ID.findall(text)
    assert [name for name, times in Counter(ids).items() if times > 1] == []


def check_numbers(page: html.HtmlElement) -> None:
    """Numbers in tables line up: each cell that holds only a number, or a field for one, has the class that aligns it,
    and so has the heading above it."""
    for table in page.iter("table"):
        headings = ["number" in heading.classes for heading in table.iterfind("thead//th")]
        for row in table.iterfind("tbody//tr"):
            marked = ["number" in cell.classes for cell in row]
            assert marked == headings[: len(marked)], shown(row)
            wrong = [shown(cell) for cell in row if _is_number(cell) and "number" not in cell.classes]
            assert wrong == [], shown(row)


def _is_number(cell: html.HtmlElement) -> bool:
    """Whether a cell holds a number. In a name or a value, digits are a text."""
    if any("inputmode" in field.attrib for field in cell.iter("input")):
        return True
    return next(cell.iter("code"), None) is None and _NUMBER.fullmatch(shown(cell)) is not None


def checked(response: TestResponse) -> None:
    """A page cannot be framed, runs no script of its text, is kept by no cache, has no id twice, and its numbers line
    up."""
    assert response.headers["Content-Security-Policy"] == POLICY
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cache-Control"] == "no-store"
    if response.content_type.startswith("text/html"):
        text = response.get_data(as_text=True)
        assert " style=" not in text
        assert "<style" not in text
        check_ids(text)
        if text:
            check_numbers(html.document_fromstring(text.encode()))
        assert text.count("<script") == text.count('<script src="/console/static/') == text.count("</script>")
