"""Whatever people name things, no script runs in the console or in the wizard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from lxml import etree, html
from playwright.sync_api import Browser, expect

from app.solutions.people.tokens import create_master_token
from tests.conftest import FreshDatabase
from tests.support.browsers import Site, forget_failures, site_on, tabs_of
from tests.support.builders import Graph, M, draft, frozen, links, member_type, package, type_with
from tests.support.http import Client, message
from tests.support.pages import Pages
from tests.support.scripts import links_to_scripts, script
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
    "list-input",
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
    "rollout-owner",
    "rollout-tag",
    "package-name",
    "node-name",
    "draft-name",
    "type-name",
    "member-type-name",
    "version-comment",
    "member-value",
    "member-comment",
    "tried-reference",
    "query",
    "variables",
)
REFLECTED = {
    "search-words": "/console/nodes?values=true&q={}",
    "another-type": "/console/type/odd/D?type={}",
    "plan-node": "/console/updates/new?node={}",
    "plan-source": "/console/updates/new?node=odd&scope=manifest&source={}",
    "plan-text": "/console/updates/new?node=odd&text={}",
    "plan-why": "/console/updates/new?node=odd&why={}",
    "run-text": "/console/runs/1?text={}",
    "run-user": "/console/runs?user={}",
    "run-node": "/console/runs?node={}",
    "permissions-node": "/console/permissions?node={}",
    "rights-node": "/console/people/ann?node={}",
    "activity-user": "/console/activity?user={}",
    "instances-name": "/console/instances?name={}",
    "instances-owner": "/console/instances?owner={}",
    "solutions-tag": "/console/solutions?tag={}",
    "sign-in": "/console/sign-in?next={}",
}
"""What addresses say, which pages show or take up."""
GET_NODE = "/console/services/GetNode"


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
    dropdown = ddl(connector=script("connector"), operation=script("operation"), input=_json(script("list-input")))
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


@pytest.fixture(scope="module")
def node_paths(site: Site) -> tuple[str, ...]:
    """Nodes are named by scripts, and a run has updated them. Returns the pages that show them."""
    names = {name: replace(package(), name=script(f"{name}-name")) for name in ("package", "node")}
    data = M("odd.m.1", value=script("member-value"), comment=script("member-comment"))
    client = Client(site.app)
    client.load(
        Graph()
        .node("odd", names["package"])
        .node("odd.m", replace(member_type(), name=script("member-type-name")), member_type(VALUE_PATTERN="[0-9]+"))
        .node("odd.T", replace(type_with("odd.m.1"), name=script("type-name")), type_with("odd.m.2"))
        .node("odd.B", names["node"], replace(draft(name=script("draft-name")), comment=script("version-comment")))
        .node("odd.A", frozen(*links("odd.B.1"), name=script("node-name")))
        .node("odd.N", frozen(data, type="odd.T.1"))
        .node("odd.D", draft(data, type="odd.T.1"))
    )
    reply = client.update("odd", "force", sourceScope="latest")
    assert {row["updateType"] for row in reply.updates()} == {"version", "error"}, "the names of both are shown"
    run = reply.response.headers["Relink-Run"]
    client.copy("odd.A.1", "odd.C")
    return (
        "/console/nodes",
        "/console/nodes?q=member&values=true",
        *(f"/console/nodes/odd{page}" for page in ("", "/A", "/B?version=1", "/D", "/T")),
        *(f"/console/{page}/odd/B" for page in ("versions", "edit", "freeze", "type")),
        "/console/uses/odd/B?version=1",
        "/console/compare/odd/B?from=1&to=2",
        "/console/edit/odd/D",
        "/console/type/odd/D?type=odd.T.2",
        "/console/updates/new?node=odd&scope=latest&always=true",
        "/console/runs",
        f"/console/runs/{run}",
        f"/console/runs/{run}?why=odd.A",
        "/console/permissions?node=odd",
        "/console/people/ann?node=odd.B",
    )


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _json(text: str) -> str:
    return f'{{"key": {_string(text)}}}'


def wizard_path(site: Site, paths: tuple[str, ...]) -> str:
    """The wizard of the instance, with a new code."""
    instance = next(path for path in paths if path.startswith("/console/instances/")).rpartition("/")[2]
    reply = Store(Client(site.app)).done("GenerateAuthorizationCode", solutionInstanceId=instance)
    return (reply.text("wizardPath") or "") + "&customValidation=true"


@pytest.fixture(scope="module")
def pages(site: Site, paths: tuple[str, ...], node_paths: tuple[str, ...]) -> dict[str, html.HtmlElement]:
    """All pages as a browser reads them."""
    console = Pages.of(site.app)
    found = {path: console.get(path).tree for path in paths + node_paths}
    for reference in ("odd.D", script("tried-reference")):
        form = console.get(GET_NODE)
        found[f"tried: {reference}"] = console.send(form, GET_NODE, nodeVersionReference=reference).tree
    rollout = next(path for path in paths if path.endswith("/rollout"))
    given = {"owner": script("rollout-owner"), "tags": script("rollout-tag")}
    found["roll-out"] = console.send(console.get(rollout), rollout, do="impact", **given).tree
    form = console.get("/graphql", headers={"Accept": "text/html"})
    found["query"] = console.send(form, "/console/graphql-form", **_query()).tree
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
    assert [name for name, page in pages.items() if links_to_scripts(page)] == []


@pytest.mark.ledger("DEC-345")
@pytest.mark.parametrize("field", REFLECTED)
def test_a_script_in_an_address_is_text(site: Site, node_paths: tuple[str, ...], field: str) -> None:
    page = (Pages(site.app) if field == "sign-in" else Pages.of(site.app)).get(_reflected(field))
    assert field in page.response.text, "the page takes it up"
    assert page.tree.cssselect(f".x-{field}") == []
    assert not links_to_scripts(page.tree)


def _query() -> dict[str, str]:
    return {"token": "none", "query": f"{{ {script('query')} }}", "variables": _json(script("variables"))}


def _reflected(field: str) -> str:
    return REFLECTED[field].format(quote(script(field)))


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


@pytest.mark.ledger("DEC-345")
def test_no_script_in_the_name_of_a_node_runs_in_a_browser(
    browser: Browser, site: Site, node_paths: tuple[str, ...]
) -> None:
    """Nor in what is sent to a service or in a query."""
    with tabs_of(browser, site.url) as open_tab:
        tab = open_tab()
        page = tab.sign_in()
        for path in node_paths:
            page.goto(path)
            assert page.evaluate("window.ran") is None, path
        for reference in ("odd.D", script("tried-reference")):
            page.goto(GET_NODE)
            page.get_by_label("nodeVersionReference").fill(reference)
            page.keyboard.press("Enter")
            page.locator("#tried").wait_for()
            assert page.evaluate("window.ran") is None
        page.goto("/graphql")
        for name, text in _query().items():
            page.locator(f"[name={name}]").fill(text)
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#result")).to_contain_text("errors")
        assert page.evaluate("window.ran") is None
        forget_failures(tab)


@pytest.mark.ledger("DEC-345")
@pytest.mark.usefixtures("node_paths")
def test_no_script_in_an_address_runs_in_a_browser(browser: Browser, site: Site) -> None:
    with tabs_of(browser, site.url) as open_tab:
        tab = open_tab()
        page = tab.sign_in()
        for field in REFLECTED:
            page.goto(_reflected(field))
            assert page.evaluate("window.ran") is None, field
        forget_failures(tab)


@pytest.mark.ledger("DEC-345")
def test_a_drawing_that_is_opened_by_itself_runs_no_script(
    browser: Browser, site: Site, node_paths: tuple[str, ...], tmp_path: Path
) -> None:
    """A saved drawing has no policy that would stop a script."""
    run = next(path for path in node_paths if "/runs/" in path)
    with tabs_of(browser, site.url) as open_tab:
        page = open_tab().sign_in()
        for name, path in {
            "plan": f"/console/updates/plan.svg?node=odd&scope=latest&always=true&why={quote(script('why'))}",
            "run": f"{run}/drawing.svg?why={quote(script('why'))}",
        }.items():
            drawing = tmp_path / f"{name}.svg"
            response = page.request.get(path)
            assert response.headers["content-type"] == "image/svg+xml; charset=utf-8"
            drawing.write_bytes(response.body())
            page.goto(drawing.as_uri())
            assert page.evaluate("document.documentElement.localName") == "svg"
            expect(page.locator("text", has_text="odd").first).to_be_visible()
            assert page.evaluate("window.ran") is None
            tree = etree.fromstring(response.body())
            assert tree.xpath("//*[local-name() = 'script' or local-name() = 'foreignObject']") == []
            assert tree.xpath("//@*[starts-with(name(), 'on') or contains(., 'javascript:')]") == []
