"""Pages that are used with the keyboard alone."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

_MOST = 120
_HAS_FOCUS = "element => element === document.activeElement"


def tab_to(page: Page, wanted: Locator) -> None:
    """Press the tabulator until an element has the focus, as somebody does who has no mouse."""
    for _ in range(_MOST):
        if wanted.evaluate(_HAS_FOCUS):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the tabulator does not lead to {wanted}")


def press(page: Page, role: str, name: str) -> None:
    """Go to a link or a button with the tabulator, and press Enter."""
    tab_to(page, page.get_by_role(role, name=name, exact=True).first)  # type: ignore[arg-type]
    page.keyboard.press("Enter")


def write(page: Page, label: str, text: str) -> None:
    """Go to a field with the tabulator, and type a text instead of what it holds."""
    tab_to(page, page.get_by_label(label).first)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
