"""Pages that are used with the keyboard alone."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

_MOST = 120
_AT_ONCE = 6
_STOP_AT = """
element => {
  if (element === document.activeElement) return true;
  removeEventListener("keydown", window.stopThere, true);
  window.stopThere = (event) => {
    if (event.key !== "Tab") removeEventListener("keydown", window.stopThere, true);
    else if (element === document.activeElement) event.preventDefault();
  };
  addEventListener("keydown", window.stopThere, true);
  return false;
}
"""
"""Whether an element has the focus. If not, the Tab key stops there, so that it can be pressed several times before
the next look."""


def tab_to(page: Page, wanted: Locator) -> None:
    """Press the Tab key until an element has the focus, as a user without a mouse does."""
    for _ in range(0, _MOST, _AT_ONCE):
        if wanted.evaluate(_STOP_AT):
            return
        for _ in range(_AT_ONCE):
            page.keyboard.press("Tab")
    raise AssertionError(f"the tabulator does not lead to {wanted}")


def press(page: Page, role: str, name: str) -> None:
    """Go to a link or a button with the Tab key, and press Enter."""
    tab_to(page, page.get_by_role(role, name=name, exact=True).first)  # type: ignore[arg-type]
    page.keyboard.press("Enter")


def choose(page: Page, label: str, value: str) -> None:
    """Go to a drop-down list with the Tab key, and press the arrow key until it has a value."""
    wanted = page.get_by_label(label, exact=True)
    tab_to(page, wanted)
    page.keyboard.press("Home")
    for _ in range(_MOST):
        if wanted.input_value() == value:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"{value} is not in the list {label}")


def write(page: Page, label: str, text: str, *, exact: bool = False) -> None:
    """Go to a field with the Tab key, and type a text instead of what it holds.

    All characters but the last one come at once, as from an input method: a keystroke takes a hundredth of a second.
    """
    tab_to(page, page.get_by_label(label, exact=exact).first)
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text[:-1])
    page.keyboard.type(text[-1])
