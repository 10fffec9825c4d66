"""Pages as a user sees them, with a browser or without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests.conftest import FreshDatabase
from tests.support.browsers import OpenTab, Site, Tab, site_on, tabs_of
from tests.support.pages import Pages


@pytest.fixture
def pages(app: Flask) -> Pages:
    """The browser of `admin`, who has signed in. It runs no scripts."""
    return Pages.of(app)


@pytest.fixture(scope="module")
def site(fresh_database: FreshDatabase) -> Iterator[Site]:
    """A service for the tests of a module."""
    with fresh_database(True) as url, site_on(url) as site:
        yield site


@pytest.fixture
def open_tab(browser: Browser, site: Site) -> Iterator[OpenTab]:
    """Open tabs on the service of the module."""
    with tabs_of(browser, site.url) as open_tab:
        yield open_tab


@pytest.fixture(scope="module")
def desk_of_admin(browser: Browser, site: Site) -> Iterator[Tab]:
    """A tab for the tests of a module, which saves each of them the time of a new one and of a sign-in."""
    with tabs_of(browser, site.url) as open_tab:
        tab = open_tab()
        tab.sign_in(following="about:blank")
        yield tab


@pytest.fixture
def desk(desk_of_admin: Tab) -> Iterator[Tab]:
    """The tab of the module. The test fails if the page reports an error."""
    yield desk_of_admin
    faults = desk_of_admin.faults.copy()
    desk_of_admin.faults.clear()
    assert faults == []
