"""Pages as a user sees them, with a browser or without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests.conftest import FreshDatabase
from tests.support.browsers import OpenTab, Site, site_on, tabs_of
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
