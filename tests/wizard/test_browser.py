"""The wizard in a real browser: in the frame of a host on another site, and as its end users see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page

from tests.conftest import FreshDatabase
from tests.support.accessibility import check_accessible, check_looks
from tests.support.browsers import DESK, PHONE, Look, OpenTab, Site, picture, site_on, tabs_of
from tests.support.http import Client
from tests.support.solution_store import Store, auth_slot, config_slot, ddl, element, screen, slots
from tests.support.wizard_host import Host, hosting

LOOKS = (Look(PHONE, dark=False), Look(DESK, dark=True))


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


@pytest.fixture(scope="module")
def site_with_host(fresh_database: FreshDatabase, host: Host) -> Iterator[Site]:
    """A service whose host also connects accounts, and provides lists and a stylesheet."""
    settings = {
        "wizard_origins": (host.url,),
        "wizard_stylesheet": f"{host.url}/style.css",
        "auth_url": f"{host.url}/dialog",
        "options_url": f"{host.url}/lists",
    }
    with fresh_database(True) as url, site_on(url, **settings) as site:
        yield site


@pytest.fixture
def open_tab(browser: Browser, site: Site) -> Iterator[OpenTab]:
    with tabs_of(browser, site.url) as open_tab:
        yield open_tab


def store_of(site: Site) -> Store:
    return Store(Client(site.app))


def address(store: Store, instance: str, query: str = "") -> str:
    """The path of the wizard with a new code."""
    return (store.done("GenerateAuthorizationCode", solutionInstanceId=instance).text("wizardPath") or "") + query


def framed(page: Page, url: str) -> FrameLocator:
    """The wizard in the frame of a page of the host."""
    page.goto(url)
    return page.frame_locator("#wizard")


def received(page: Page, kind: str) -> dict[str, Any]:
    """The message of this kind that the host has received, as soon as it arrives."""
    page.wait_for_function("kind => received.some((message) => message.type === kind)", arg=kind)
    return dict(page.evaluate("kind => received.find((message) => message.type === kind)", kind))


@pytest.mark.ledger("UVU-25", "UVU-26")
def test_the_flow_of_a_host_application(open_tab: OpenTab, site: Site, host: Host) -> None:
    store = store_of(site)
    solution = store.set(
        *slots(auth=[auth_slot("slack", ["chat"], title="Slack")], config=[config_slot("channel", title="Channel")]),
        element("ScreenList", screen("Your account", "slack"), screen("Messages", "channel")),
    )
    store.publish(solution)
    owner = store.user()
    store.authentication(owner, ["chat", "read"], name="Team Slack")
    instance = store.instance(solution, owner)

    page = open_tab().page
    wizard = framed(page, host.framing(address(store, instance)))
    wizard.get_by_label("Team Slack").check()
    wizard.get_by_role("button", name="Next").click()
    wizard.get_by_label("Channel").fill("#help")
    wizard.get_by_label("Channel").press("Enter")
    wizard.get_by_role("heading", name="Summary").wait_for()
    wizard.get_by_role("button", name="Finish").click()
    assert received(page, "tray.configPopup.finish") == {"type": "tray.configPopup.finish"}
    assert store.update(instance, enabled=True, errorOnEnablingWithMissingValues=True).enabled

    changed = [config_slot("channel", title="Channel"), config_slot("limit", title="Daily limit", type="integer")]
    store.set(element("ConfigSlotList", *changed), solution=solution)
    assert (store.publish(solution).text("notice"), store.get(instance).flags) == ("upgrade", "NU")
    cancelled = framed(page, host.framing(address(store, instance)))
    cancelled.get_by_label("Daily limit").fill("5")
    cancelled.get_by_role("button", name="Next").click()
    cancelled.get_by_role("button", name="Cancel").click()
    received(page, "tray.configPopup.cancel")
    assert (store.get(instance).release, store.get(instance).flags) == (1, "NU")

    wizard = framed(page, host.framing(address(store, instance)))
    wizard.get_by_role("heading", name="More settings").wait_for()
    assert wizard.locator(".mark").all_inner_texts() == ["New"]
    wizard.get_by_label("Daily limit").fill("5")
    for following in ("Your account", "Messages", "Summary"):
        wizard.get_by_role("button", name="Next").click()
        wizard.get_by_role("heading", name=following).wait_for()
    wizard.get_by_role("button", name="Finish").click()
    received(page, "tray.configPopup.finish")
    found = store.get(instance)
    assert (found.release, found.flags, found.enabled, found.pending) == (2, "", True, [])
    assert found.config == {"channel": '"#help"', "limit": "5"}


@pytest.mark.ledger("DEC-281", "DEC-346")
def test_other_sites_cannot_frame_it_and_the_host_learns_of_a_used_code(
    browser: Browser, site: Site, host: Host
) -> None:
    store = store_of(site)
    path = address(store, store.instance(store.published(config=[config_slot("a", title="Setting")])))
    with tabs_of(browser, site.url) as open_tab:
        tab = open_tab()
        for refused in (host.framing(path, from_other=True), host.framing("/console/sign-in")):
            with tab.page.expect_console_message(lambda said: "frame-ancestors" in said.text):
                tab.page.goto(refused)
            assert tab.page.evaluate("received") == []
        framed(tab.page, host.framing(path))
        message = received(tab.page, "tray.configPopup.error")
        assert message["err"].startswith("The link to this page has been used already")
        tab.faults.clear()  # the refused frames, and the status of the page in the other one


@pytest.mark.ledger("DEC-281")
def test_a_host_that_opens_the_wizard_in_a_window_gets_the_messages(open_tab: OpenTab, site: Site, host: Host) -> None:
    store = store_of(site)
    owner = store.user()
    setting, slack = config_slot("a", title="Setting"), auth_slot("slack", title="Slack", mandatory=False)
    instance = store.instance(store.published(config=[setting], auth=[slack]), owner)
    page = open_tab().page
    page.goto(host.opening(address(store, instance, "&customValidation=true")))
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Configure").click()
    wizard = opened.value
    page.evaluate("errors = { a: 'This name is taken.' }")
    wizard.get_by_label("Setting").fill("x")
    wizard.get_by_role("button", name="Next").click()
    wizard.get_by_text("This name is taken.").wait_for()
    assert received(page, "tray.configPopup.validate")["data"]["configValues"] == {"a": "x"}
    page.evaluate("errors = null")
    wizard.get_by_role("button", name="Next").click()
    wizard.get_by_role("button", name="Finish").click()
    assert received(page, "tray.configPopup.finish") == {"type": "tray.configPopup.finish"}

    code = store.done("GenerateAuthorizationCode", userId=owner).text("authorizationCode")
    page.goto(host.opening(f"/external/auth/create/acme/{instance}/slack?code={code}"))
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Configure").click()
    opened.value.get_by_label("Name of the account").fill("Mine")
    opened.value.get_by_label("Credentials").fill("{}")
    opened.value.get_by_role("button", name="Connect").click()
    connected = received(page, "tray.authpopup.finish")["authId"]
    assert store.update(instance, auth={"slack": connected}).auth == {"slack": connected}


def test_only_the_stylesheet_of_the_settings_is_loaded(browser: Browser, site_with_host: Site, host: Host) -> None:
    store = store_of(site_with_host)
    instance = store.instance(store.published(config=[config_slot("a", title="Setting")]))
    with tabs_of(browser, site_with_host.url) as open_tab:
        tab = open_tab()
        tab.page.goto(address(store, instance))
        colour = "getComputedStyle(document.querySelector('.buttons button')).backgroundColor"
        assert tab.page.evaluate(colour) == "rgb(1, 99, 12)"
        check_accessible(tab.page)
        with tab.page.expect_console_message(lambda said: "style-src" in said.text):
            tab.page.evaluate(
                "href => document.head.append("
                "Object.assign(document.createElement('link'), { rel: 'stylesheet', href }))",
                f"{host.url}/other.css",
            )
        tab.faults.clear()  # the refused stylesheet


def test_the_host_connects_accounts_provides_lists_and_validates(
    browser: Browser, site_with_host: Site, host: Host
) -> None:
    site = site_with_host
    store = store_of(site)
    owner = store.user()
    channel = config_slot("channel", ddl(authSlotExternalId="slack"), title="Channel", type="ddl")
    solution = store.published(auth=[auth_slot("slack", ["chat"], title="Slack")], config=[channel])
    instance = store.instance(solution, owner)
    opened: list[dict[str, str]] = []

    def connect(given: dict[str, str]) -> str:
        opened.append(given)
        return store.authentication(owner, ["chat"], name="Connected")

    host.connect, host.choices, host.wizard = connect, [{"text": "#general", "value": "C1"}], site.url
    with tabs_of(browser, site.url) as open_tab:
        page = open_tab().page
        wizard = framed(page, host.framing(address(store, instance, "&customValidation=true")))
        with page.expect_popup() as popup:
            wizard.get_by_role("link", name="Connect an account").click()
        popup.value.get_by_role("button", name="Allow").click()
        wizard.get_by_label("Connected").wait_for()
        assert wizard.get_by_label("Connected").is_checked()
        assert (opened[0]["service"], opened[0]["instance"]) == ("slack", instance)
        wizard.get_by_label("Channel").select_option("#general")
        page.evaluate("errors = { channel: 'This channel is archived.' }")
        wizard.get_by_role("button", name="Next").click()
        wizard.get_by_text("This channel is archived.").wait_for()
        picture(page, "wizard-framed")
        sent = received(page, "tray.configPopup.validate")["data"]
        assert sent["visibleValues"] == ["slack", "channel"]
        assert sent["configValues"] == {"channel": "C1"}
        assert list(sent["authValues"]) == ["slack"]
        page.evaluate("errors = null")
        wizard.get_by_role("button", name="Next").click()
        wizard.get_by_role("button", name="Finish").click()
        received(page, "tray.configPopup.finish")
    assert store.get(instance).config == {"channel": '"C1"'}
    host.wizard = ""


@pytest.fixture(scope="module")
def instance(site: Site) -> str:
    """An instance with a setting of each type, on an older release."""
    store = store_of(site)
    config = [
        config_slot("name", title="Name of your team"),
        config_slot("limit", title="Messages a day", type="integer", defaultValue="100"),
        config_slot("rate", title="Sampling rate", type="number", mandatory=False),
        config_slot("extra", title="Labels", type="object", mandatory=False, defaultValue='{"team": "support"}'),
    ]
    text = "Relink posts new questions to your channel.\nYou can change this at any time."
    screens = element("ScreenList", screen("Your account", "slack", text=text), screen("Messages", "name", "limit"))
    slack = auth_slot("slack", ["chat"], title="Slack")
    solution = store.set(*slots(auth=[slack], config=config), screens, title="Support to Slack")
    store.publish(solution)
    owner = store.user()
    store.authentication(owner, ["chat"], name="Team Slack")
    instance = store.instance(solution, owner, config={"name": '"Ann & Bo"'})
    store.set(
        element("ConfigSlotList", *config, config_slot("active", title="Post on weekends", type="boolean")),
        solution=solution,
    )
    store.publish(solution)
    return instance


def test_every_page_is_accessible(open_tab: OpenTab, site: Site, instance: str) -> None:
    page = open_tab(dark=LOOKS[0].dark, size=LOOKS[0].size).page
    page.goto(address(store_of(site), instance))
    for number in range(4):
        check_looks(page, f"wizard-{number}", *LOOKS)
        if page.get_by_role("heading", name="Your account", level=1).count():
            page.get_by_label("A new account").check()
            page.get_by_role("button", name="Next").click()
            page.get_by_text("Give the account a name.").wait_for()
            check_looks(page, "wizard-fault", *LOOKS)
            page.get_by_label("Team Slack").check()
        if number < 3:
            page.get_by_role("button", name="Next").click()
    assert page.get_by_role("heading", name="Summary").count() == 1
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("heading", name="Cancelled").wait_for()
    check_looks(page, "wizard-cancelled", *LOOKS)
    code = store_of(site).done("GenerateAuthorizationCode", solutionInstanceId=instance).text("authorizationCode")
    page.goto(f"/external/auth/create/acme/{instance}/slack?code={code}")
    page.get_by_role("button", name="Connect").click()
    page.get_by_text("Give the account a name.").wait_for()
    check_looks(page, "wizard-account", *LOOKS)


def test_the_pages_for_an_authentication_alone_and_for_an_expired_code_are_accessible(
    open_tab: OpenTab, site: Site
) -> None:
    store = store_of(site)
    owner = store.user()
    mine = store.authentication(owner, name="Team Slack")
    tab = open_tab(size=PHONE, dark=True)
    for path in (f"edit/acme/{mine}", "create/acme"):
        code = store.done("GenerateAuthorizationCode", userId=owner).text("authorizationCode")
        tab.page.goto(f"/external/auth/{path}?code={code}")
        check_accessible(tab.page)
        picture(tab.page, f"wizard-{path.partition('/')[0]}")
    tab.page.get_by_label("Service").fill("teams")
    tab.page.get_by_label("Name of the account").fill("Mine")
    tab.page.get_by_label("Credentials").fill("not JSON")
    tab.page.get_by_role("button", name="Connect").click()
    tab.page.get_by_text("Type the credentials as JSON").wait_for()
    check_accessible(tab.page)
    tab.page.goto("/external/auth/create/acme?code=none")
    tab.page.get_by_role("heading", name="This page has expired").wait_for()
    check_accessible(tab.page)
    picture(tab.page, "wizard-expired")
    tab.faults.clear()  # the status of the last page


@pytest.mark.parametrize("scripts", [True, False], ids=["dark", "without scripts"])
def test_the_whole_wizard_with_the_keyboard_alone_on_a_phone(open_tab: OpenTab, site: Site, scripts: bool) -> None:
    store = store_of(site)
    config = [
        config_slot("name", title="Name"),
        config_slot("limit", title="Limit", type="integer", defaultValue="100"),
        config_slot("labels", title="Labels", type="object", mandatory=False),
        config_slot("active", title="Active", type="boolean"),
    ]
    screens = element("ScreenList", screen("Your account", "slack"), screen("Basics", "name", "limit"))
    solution = store.set(*slots(auth=[auth_slot("slack", title="Slack")], config=config), screens)
    store.publish(solution)
    owner = store.user()
    store.authentication(owner, name="Team Slack")
    instance = store.instance(solution, owner)
    page = open_tab(scripts=scripts, dark=scripts, size=PHONE).page
    page.goto(address(store, instance))

    def press(heading: str, *keys: str) -> None:
        """Wait for a page, press the keys whose names begin with a capital letter, and type the other texts."""
        page.get_by_role("heading", name=heading, level=1).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        for key in keys:
            use = page.keyboard.press if key[0].isupper() else page.keyboard.type
            use(key)

    press("Your account", "Tab", "Space", "ArrowDown", "Tab", "Tab", "Tab", "Enter")
    page.get_by_text("Give the account a name.").wait_for()
    press("Your account", "Tab", "Tab", "mine", "Tab", "{}", "Tab", "Enter")
    press("Basics", "Tab", "x", "Tab", "Control+A", "7", "Tab", "Enter")
    press("More settings", "Tab", "not json", "Tab", "Space", "Tab", "Enter")
    page.get_by_text("Type a JSON object").wait_for()
    press("More settings", "Tab", "Control+A", '{"a": 1}', "Tab", "Tab", "Enter")
    press("Summary", "Tab", "Tab", "Enter")
    press("Basics", "Tab", "Control+A", "y", "Enter")
    press("More settings", "Tab", "Tab", "Tab", "Enter")
    press("Summary", "Tab", "Tab", "Tab", "Tab", "Enter")
    press("Your settings are saved")
    found = store.get(instance)
    assert found.config == {"name": '"y"', "limit": "7", "labels": '{"a": 1}', "active": "true"}
    assert list(found.auth) == ["slack"]
