"""Whether a page in the browser is accessible."""

from __future__ import annotations

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support.browsers import Look, picture

_NUMBERS = "th.number, td.number, td.number input:not([type=hidden])"
_NOT_ALIGNED = """(numbers) => [...document.querySelectorAll(numbers)].filter((each) => {
    const style = getComputedStyle(each);
    return style.textAlign !== "right" || style.fontVariantNumeric !== "tabular-nums";
}).map((each) => each.outerHTML)"""
_TOO_WIDE = """() => [...document.querySelectorAll(".field label")]
    .filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.textContent)"""
_AXE = Axe().axe_script
_LOOK = Path(__file__).with_suffix(".js").read_text()

_judged: set[str] = set()
"""The kinds of text whose contrast this process has judged."""


def check_accessible(page: Page, *, only_look: bool = False) -> None:
    """Fail if axe-core finds a fault in a page, if numbers in tables do not line up, or if a label or the page is wider
    than its place.

    The contrast of text is judged once for each theme, style sheet, and chain of elements with their attributes. With
    `only_look`, a page is judged that has been judged in another theme or size."""
    too_wide, not_aligned = page.evaluate(_TOO_WIDE), page.evaluate(_NOT_ALIGNED, _NUMBERS)
    assert too_wide == [], too_wide
    assert not_aligned == [], not_aligned
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
        page.add_init_script(_AXE)  # cheaper than an evaluation, for the pages that follow in this tab
    found = page.evaluate(_LOOK, {"judgedBefore": list(_judged), "onlyLook": only_look})
    assert found["faults"] == [], found["faults"]
    _judged.update(found["judged"])
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


def check_looks(page: Page, name: str, first: Look, *others: Look) -> None:
    """Fail if a page is not accessible in one of these looks. It has the first one, also afterwards."""
    check_accessible(page)
    picture(page, f"{name}-{first.size['width']}")
    for look in others:
        _show(page, look)
        try:
            check_accessible(page, only_look=True)
            picture(page, f"{name}-{look.size['width']}")
        finally:
            _show(page, first)


def _show(page: Page, look: Look) -> None:
    page.set_viewport_size({"width": look.size["width"], "height": look.size["height"]})
    page.emulate_media(color_scheme="dark" if look.dark else "light")
