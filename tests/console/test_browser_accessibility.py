"""The check of pages for accessibility: it finds faults, however often it has looked at pages of the same kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.accessibility import check_accessible, check_looks
from tests.support.browsers import DESK, PHONE, Look, OpenTab, tabs_of

PAGE = """<!doctype html><html lang="en"><title>A page</title><style>
    body {{ color: #111; background: #fff }} .pale {{ color: #ccc }}
    .shadow {{ background: linear-gradient(#fff, #fff) }}
    </style><main><h1>A page</h1>{content}</main></html>"""
CELLS = "<tr><td>a row</td></tr>"


def rows(*added: str) -> str:
    """A table with more rows than the check looks at, and some after them."""
    heading = "<thead><tr><th>Name</th></tr></thead>"
    return f"<table>{heading}<tbody>{CELLS * 20}{''.join(added)}</tbody></table>"


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page that each test fills."""
    with tabs_of(browser, "about:blank") as open_tab:
        yield open_tab().page


@pytest.mark.parametrize(
    "content",
    [
        '<p class="pale">Some words</p>',
        '<p>Some words</p><p style="color: #ccc">Some words</p>',
        '<div class="shadow"><p class="pale">Some words</p></div>',
        rows('<tr><td class="pale">another row</td></tr>'),
    ],
    ids=["class", "style", "on a gradient", "at the end of a table"],
)
def test_pale_text_is_a_fault_in_each_look(page: Page, content: str) -> None:
    page.set_content(PAGE.format(content=f"<p>Some words</p>{rows()}"))
    check_accessible(page)
    page.set_content(PAGE.format(content=content))
    for _ in range(2):
        with pytest.raises(AssertionError, match="color-contrast"):
            check_accessible(page)


def test_text_that_becomes_pale_in_the_dark_is_a_fault(open_tab: OpenTab) -> None:
    dark = "<style>@media (prefers-color-scheme: dark) { p { color: #ccc } }</style>"
    page = open_tab().page
    page.set_content(PAGE.format(content=f"{dark}<p>Some words</p>"))
    check_accessible(page)
    page.emulate_media(color_scheme="dark")
    with pytest.raises(AssertionError, match="color-contrast"):
        check_accessible(page)


@pytest.mark.parametrize(
    ("style", "fault"),
    [
        ("@media (prefers-color-scheme: dark) { button { color: #ccc; background: #fff } }", "color-contrast"),
        ("@media (max-width: 30rem) { button { width: 40rem } }", "about:blank"),
    ],
    ids=["pale", "wide"],
)
def test_a_fault_in_another_look_is_found(page: Page, style: str, fault: str) -> None:
    buttons = "<button>Back</button><button>Next</button>"
    page.set_content(PAGE.format(content=f"<style>{style}</style>{buttons}"))
    check_looks(page, "buttons", Look(DESK, dark=False))
    with pytest.raises(AssertionError, match=fault):
        check_looks(page, "buttons", Look(DESK, dark=False), Look(PHONE, dark=True))


def test_a_field_without_a_label_is_a_fault_in_each_look(page: Page) -> None:
    page.set_content(PAGE.format(content="<label>Name <input></label>"))
    check_accessible(page)
    page.set_content(PAGE.format(content="<input>"))
    for _ in range(2):
        with pytest.raises(AssertionError, match="must have labels"):
            check_accessible(page)
