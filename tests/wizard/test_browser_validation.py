"""A host that does not respond when the wizard asks it to validate what was filled in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FrameLocator, expect

from tests.conftest import FreshDatabase
from tests.support.browsers import Site, site_on, tabs_of
from tests.support.http import Client
from tests.support.solution_store import Store, config_slot
from tests.support.wizard_host import Host, hosting

_SILENT = "Object.defineProperty(MessageEvent.prototype, 'source', { get: () => ({ postMessage() {} }) })"
_IN_PROGRESS = """frames[0].postMessage(
    {type: "tray.configPopup.client.validation", data: {inProgress: true}}, "*")"""
_LISTENING = "window.told = 0; window.addEventListener('message', () => { window.told += 1; })"
_LIMITS = {"without a response": 10_000, "in progress": 60_000}
"""How long the wizard waits, in milliseconds."""


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with hosting() as host:
        yield host


@pytest.fixture(scope="module")
def site(fresh_database: FreshDatabase, host: Host) -> Iterator[Site]:
    """A service whose wizard the host may frame."""
    with fresh_database(True) as url, site_on(url, wizard_origins=(host.url,)) as site:
        host.wizard = site.url
        yield site


def test_the_wizard_goes_on_after_a_while_and_can_be_cancelled_meanwhile(
    browser: Browser, site: Site, host: Host
) -> None:
    store = Store(Client(site.app))
    instance = store.instance(store.published(config=[config_slot("a", title="Setting")]))
    path = store.done("GenerateAuthorizationCode", solutionInstanceId=instance).text("wizardPath") or ""
    with tabs_of(browser, site.url) as open_tab:
        page = open_tab().page
        page.clock.install()
        page.goto(host.framing(f"{path}&customValidation=true"))
        page.evaluate(_SILENT)
        wizard: FrameLocator = page.frame_locator("#wizard")
        wizard.get_by_label("Setting").fill("x")
        following = wizard.locator(".buttons").get_by_role("button", name="Next")
        frame = page.frames[1]
        frame.evaluate(_LISTENING)
        for state, limit in _LIMITS.items():
            following.click()
            expect(wizard.get_by_text("Your settings are being checked.")).to_be_visible()
            if state == "in progress":
                page.evaluate(_IN_PROGRESS)
                frame.wait_for_function("window.told === 1")
            page.clock.fast_forward(limit // 2)
            expect(wizard.get_by_text("Your settings are being checked.")).to_be_visible()
            expect(following).to_be_disabled()
            page.clock.fast_forward(limit // 2)
            expect(wizard.get_by_text("there was no response. Try again.")).to_be_visible()
            expect(following).to_be_enabled()
        following.click()
        expect(following).to_be_disabled()
        wizard.get_by_role("button", name="Cancel").click()
        wizard.get_by_role("heading", name="Cancelled").wait_for()
