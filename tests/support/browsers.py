"""Pages in Debian's Chromium, served by the process of the tests.

A test that takes the fixture `browser`, or one that is built on it, is left out where no Chromium is found. The end of
the test report says so.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from lxml import html
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import Engine
from werkzeug.serving import WSGIRequestHandler, make_server

from app.application import create_app
from app.database.engine import make_engine
from app.settings import Settings
from tests.support.http import ADMIN, PASSWORD, SECRET_KEY

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--no-opt,--no-maglev",
    "--in-process-gpu",
    "--renderer-process-limit=1",
    "--disable-site-isolation-trials",
)
"""A page of a test lives too briefly to repay the optimizing compilers of JavaScript, or a process of its own."""
_PATIENCE_MS = 30_000
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}


@dataclass(frozen=True)
class Look:
    """The size and the theme that a page is shown in."""

    size: dict[str, int]
    dark: bool


LOOKS = (Look(PHONE, dark=True), Look(DESK, dark=False))
"""The looks in which the pages of the console are examined."""


def chromium() -> str | None:
    """Return the path of a Chromium, or None if there is none. `RELINK_TEST_CHROMIUM` names another one."""
    given = os.environ.get("RELINK_TEST_CHROMIUM")
    return given or next(filter(None, map(shutil.which, _NAMES)), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need a browser where there is none."""
    if chromium() is not None:
        return
    left_out = [item for item in items if "browser" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report that tests were left out."""
    if chromium() is None:
        terminalreporter.write_sep("=", "browser tests left out", yellow=True)
        terminalreporter.write_line(
            "No Chromium was found, so the tests of pages in a browser were left out."
            " Install Debian's package chromium-headless-shell, or set RELINK_TEST_CHROMIUM to the path of a Chromium."
        )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium for all tests of the session."""
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=_ARGUMENTS)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Site:
    """A service at an address, with a database of its own, which has the user `admin`."""

    url: str
    app: Flask
    engine: Engine


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Log nothing: the application logs its requests."""


@contextmanager
def site_on(database_url: str, **settings: object) -> Iterator[Site]:
    """Serve a database on a free port as long as the context lasts."""
    engine = make_engine(database_url, pool_size=20)
    app = create_app(Settings(secret_key=SECRET_KEY, **settings), engine)  # type: ignore[arg-type]
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_QuietHandler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="site")
    thread.start()
    try:
        yield Site(f"http://127.0.0.1:{server.server_port}", app, engine)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        engine.dispose()


@dataclass
class Tab:
    """A page in the browser, with what went wrong in it."""

    page: Page
    faults: list[str]

    def sign_in(self, user: str = ADMIN, following: str = "/console") -> Page:
        """Sign in without showing the form, which takes a third of a second, and open a page."""
        requests = self.page.context.request
        shown: html.HtmlElement = html.document_fromstring(requests.get("/console/sign-in").body())
        fields = {**dict(shown.forms[0].form_values()), "user": user, "password": PASSWORD}
        assert requests.post("/console/sign-in", form=fields, max_redirects=0).status == 303
        return self.show(following)

    def show(self, path: str) -> Page:
        """Open a page."""
        self.page.goto(path)
        return self.page

    def sign_in_with_form(self, user: str = ADMIN) -> Page:
        """Sign in with the form, as a visitor does."""
        self.page.goto("/console/sign-in")
        self.page.get_by_label("User").fill(user)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        return self.page


OpenTab = Callable[..., Tab]


@contextmanager
def tabs_of(browser: Browser, url: str) -> Iterator[OpenTab]:
    """Open tabs of visitors who have nothing in common. At the end no tab may have had an error, such as one of the
    security policy."""
    contexts: list[BrowserContext] = []
    opened: list[Tab] = []

    def open_tab(*, scripts: bool = True, dark: bool = False, size: dict[str, int] = DESK) -> Tab:
        context = browser.new_context(
            base_url=url,
            viewport={"width": size["width"], "height": size["height"]},
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            timezone_id="Asia/Tokyo",
            reduced_motion="reduce",
        )
        context.set_default_timeout(_PATIENCE_MS)
        contexts.append(context)
        tab = Tab(context.new_page(), [])
        tab.page.on("console", lambda said: tab.faults.append(said.text) if said.type == "error" else None)
        tab.page.on("pageerror", lambda error: tab.faults.append(str(error)))
        opened.append(tab)
        return tab

    yield open_tab
    for context in contexts:
        context.close()
    assert [fault for tab in opened for fault in tab.faults] == []


def forget_failures(tab: Tab) -> None:
    """Forget that the console of the browser reports each page whose status is that of a failure, and nothing else."""
    assert all("the server responded with a status of" in fault for fault in tab.faults)
    tab.faults.clear()


PICTURES = os.environ.get("RELINK_TEST_PICTURES")


def picture(page: Page, name: str, *, whole: bool = True) -> None:
    """Take a picture of a page, or of what its window shows of it, into the directory that `RELINK_TEST_PICTURES`
    names, if it is set."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=whole)
