"""Whatever people name things, no script runs in the console or in the wizard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lxml import html
from playwright.sync_api import Browser

from app.solutions.people.tokens import create_master_token
from tests.conftest import FreshDatabase
from tests.support.browsers import Site, site_on, tabs_of
from tests.support.http import Client, message
from tests.support.pages import Pages
from tests.support.solution_store import (
    Store,
    auth_slot,
    config_slot,
    ddl,
    element,
    leaves,
    screen,
    slots,
    workflow,
)
from tests.support.wizard import Wizard
from tests.support.wizard_host import hosting

FIELDS = (
    "solution-title",
    "solution-description",
    "tag",
    "custom-key",
    "custom-value",
    "auth-id",
    "auth-title",
    "service",
    "service-version",
    "environment",
    "scope",
    "config-id",
    "config-title",
    "default",
    "list-title",
    "connector",
    "operation",
    "workflow-id",
    "workflow-name",
    "screen-title",
    "screen-text",
    "notes",
    "end-user",
    "instance-name",
    "value",
    "account-name",
    "choice-text",
    "choice-value",
    "user-name",
    "token-name",
)


def script(field: str) -> str:
    """A text that leaves an attribute and an element, and holds a script, an event handler and a template."""
    return (
        f"\"'></p></script></textarea>{field}<img class=x-{field} src=x onerror=window.ran=1>"
        f"<script class=x-{field}>window.ran=1</script>{{{{7*7}}}}"
    )


@pytest.fixture(scope="module")
def site(fresh_database: FreshDatabase) -> Iterator[Site]:
    with hosting() as host, fresh_database(True) as url:
        host.choices = [{"text": script("choice-text"), "value": script("choice-value")}]
        with site_on(url, options_url=f"{host.url}/lists") as site:
            yield site


@pytest.fixture(scope="module")
def paths(site: Site) -> tuple[str, ...]:
    """A solution, its instance and what else has a name are all named by scripts. Returns the pages that show them."""
    store = Store(Client(site.app))
    service = {"service": script("service"), "serviceVersion": script("service-version")}
    auth = auth_slot(
        script("auth-id"),
        [script("scope")],
        title=script("auth-title"),
        serviceEnvironment=script("environment"),
        **service,
    )
    dropdown = ddl(connector=script("connector"), operation=script("operation"))
    config = [
        config_slot(script("config-id"), title=script("config-title"), mandatory=False),
        config_slot("default", title="Default", type="object", defaultValue=_json(script("default"))),
        config_slot("list", dropdown, title=script("list-title"), type="ddl", mandatory=False),
    ]
    work = workflow(script("workflow-id"), sourceWorkflowName=script("workflow-name"), trigger="manual")
    solution = store.set(
        *slots(auth=[auth], config=config, workflows=[work]),
        leaves("TagList", "tag", [script("tag")]),
        element("CustomFieldList", element("CustomField", key=script("custom-key"), value=script("custom-value"))),
        element("ScreenList", screen(script("screen-title"), text=script("screen-text"))),
        title=script("solution-title"),
        description=script("solution-description"),
    )
    store.publish(solution, releaseNotes=script("notes"))
    owner = store.user(script("end-user"))
    account = store.authentication(
        owner,
        [script("scope")],
        name=script("account-name"),
        serviceEnvironment=script("environment"),
        **service,
    )
    held = {script("config-id"): _string(script("value"))}
    instance = store.instance(solution, owner, script("instance-name"), held, {script("auth-id"): account})
    new = {"userLogonReferenceCreate": "ann", "passwordCreate": "long enough", "userName": script("user-name")}
    assert store.client.post(message("CreateUser", new)).number == 0
    with site.engine.begin() as connection:
        create_master_token(connection, script("token-name"))
    return (
        "/console/solutions",
        *(f"/console/solutions/{solution}{page}" for page in ("", "/draft", "/publish", "/rollout", "/releases")),
        "/console/instances",
        f"/console/instances/{instance}",
        "/console/people",
        "/console/people/ann",
        "/console/tokens",
        "/console/activity",
        "/console",
    )


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _json(text: str) -> str:
    return f'{{"key": {_string(text)}}}'


def wizard_path(site: Site, paths: tuple[str, ...]) -> str:
    """The wizard of the instance, with a new code."""
    instance = next(path for path in paths if path.startswith("/console/instances/")).rpartition("/")[2]
    given = {"solutionInstanceId": instance}
    reply = Store(Client(site.app)).done("GenerateAuthorizationCode", **given)
    return (reply.text("wizardPath") or "") + "&customValidation=true"


@pytest.fixture(scope="module")
def pages(site: Site, paths: tuple[str, ...]) -> dict[str, html.HtmlElement]:
    """All pages as a browser reads them."""
    console = Pages.of(site.app)
    found = {path: console.get(path).tree for path in paths}
    wizard = Wizard(site.app, Store(Client(site.app)))
    page = wizard.get(wizard_path(site, paths))
    for _ in range(4):
        found[f"wizard: {page.title[:30]}"] = page.tree
        page = page.send()
    return found


@pytest.mark.ledger("DEC-345")
@pytest.mark.parametrize("field", FIELDS)
def test_a_script_in_a_field_is_text(pages: dict[str, html.HtmlElement], field: str) -> None:
    shown = [name for name, page in pages.items() if field in _texts(page)]
    assert shown, "a page shows the field"
    assert [name for name, page in pages.items() if page.cssselect(f".x-{field}")] == []


def _texts(page: html.HtmlElement) -> str:
    """What a reader sees: texts, and the values of fields."""
    values = [*page.xpath("//input/@value"), *page.xpath("//option/@value")]
    return "\n".join([page.text_content(), *map(str, values)])


@pytest.mark.ledger("DEC-345")
def test_no_script_runs_in_a_browser(browser: Browser, site: Site, paths: tuple[str, ...]) -> None:
    """The security policy would report a script that it has stopped, and the end of the test fails on any report."""
    with tabs_of(browser, site.url) as open_tab:
        page = open_tab().sign_in()
        for path in paths:
            page.goto(path)
            assert page.evaluate("window.ran") is None
        page.goto(wizard_path(site, paths))
        for _ in range(2):
            page.get_by_role("button", name="Next").click()
            assert page.evaluate("window.ran") is None
        page.get_by_role("button", name="Finish").click()
        page.get_by_role("heading", name="Your settings are saved").wait_for()
        assert page.evaluate("window.ran") is None
