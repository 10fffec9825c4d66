"""Names and other texts never run as scripts in the console or in the wizard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from lxml import etree, html
from playwright.sync_api import Browser, expect

from tests.conftest import FreshDatabase
from tests.support.browsers import Site, Tab, forget_failures, site_on, tabs_of
from tests.support.http import Client
from tests.support.named_by_scripts import named_nodes, named_rollout, named_solution
from tests.support.pages import Page, Pages
from tests.support.scripts import json_object, json_string, links_to_scripts, script, script_in_address
from tests.support.solution_store import Store
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
    "email",
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
"""Parameters of addresses that pages show or use."""
GET_NODE = "/console/services/GetNode"


@pytest.fixture(scope="module")
def site(fresh_database: FreshDatabase) -> Iterator[Site]:
    with hosting() as host, fresh_database(True) as url:
        host.choices = [{"text": script("choice-text"), "value": script("choice-value")}]
        with site_on(url, options_url=f"{host.url}/lists") as site:
            yield site


@pytest.fixture(scope="module")
def visitor(browser: Browser, site: Site) -> Iterator[Tab]:
    """A tab of a user who has signed in.

    The security policy would report a script that it has stopped, and each test fails on any report.
    """
    with tabs_of(browser, site.url) as open_tab:
        tab = open_tab()
        tab.sign_in()
        yield tab


@pytest.fixture(scope="module")
def paths(site: Site) -> tuple[str, ...]:
    """The pages of a solution, its instance and other objects with names."""
    return named_solution(Store(Client(site.app)), site.engine)


@pytest.fixture(scope="module")
def node_paths(site: Site) -> tuple[str, ...]:
    """The pages of nodes."""
    return named_nodes(Client(site.app))


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


@pytest.mark.ledger("DEC-345")
def test_a_script_in_the_form_of_a_roll_out_is_text(site: Site) -> None:
    console, (path, instance) = Pages.of(site.app), named_rollout(Store(Client(site.app)))
    slot, unknown = f"value-{script('hidden-id')}", f"value-{script('unknown-slot')}"
    typed = {slot: script("typed-value")}
    check_texts(rolled_out(console, path, typed, 422), "hidden-id", "hidden-title", "typed-value")
    check_texts(rolled_out(console, path, {**typed, "percent": script("percent")}, 422), "typed-value", "percent")
    check_texts(rolled_out(console, path, {"target": script("target")}, 422), "hidden-title")
    check_texts(rolled_out(console, path, {slot: "1", unknown: "1"}, 422), "hidden-id", "unknown-slot")
    planned = rolled_out(console, path, {slot: json_string(script("rolled-value"))}, 200)
    check_texts(planned, "hidden-id", "rolled-value")
    form = next(form for form in planned.tree.forms if form.get("id") == "force")
    run = console.post(path, {**{name: value or "" for name, value in form.form_values()}, "do": "force"})
    check_texts(console.get(run.headers["Location"]), "hidden-id")
    check_texts(console.get(instance), "hidden-id", "rolled-value")


def rolled_out(console: Pages, path: str, given: dict[str, str], status: int) -> Page:
    page = console.send(console.get(path), path, do="impact", **given)
    assert page.status == status, page.text
    return page


def check_texts(page: Page, *fields: str) -> None:
    """The page shows these fields as texts."""
    shown = _texts(page.tree)
    assert [field for field in fields if field not in shown] == []
    assert page.tree.xpath("//*[contains(@class, 'x-')]") == []
    assert not links_to_scripts(page.tree)


@pytest.mark.ledger("DEC-345")
def test_a_script_in_a_refused_email_address_is_text(site: Site) -> None:
    console = Pages.of(site.app)
    given = {"user_logon_reference_create": "bob", "password_create": "long enough"}
    for address in (script("address"), script_in_address("address") + "@", script_in_address("address") * 4):
        page = console.send(console.get("/console/people"), "/console/people", **given, user_email_address=address)
        assert page.status == 422
        check_texts(page, "address")


def _query() -> dict[str, str]:
    return {"token": "none", "query": f"{{ {script('query')} }}", "variables": json_object(script("variables"))}


def _reflected(field: str) -> str:
    return REFLECTED[field].format(quote(script(field)))


def _texts(page: html.HtmlElement) -> str:
    """The texts and the values of fields that a reader sees."""
    values = [*page.xpath("//input/@value"), *page.xpath("//option/@value")]
    return "\n".join([page.text_content(), *map(str, values)])


@pytest.mark.ledger("DEC-345")
def test_no_script_runs_in_a_browser(visitor: Tab, site: Site, paths: tuple[str, ...]) -> None:
    page = visitor.page
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
    assert visitor.faults == []


@pytest.mark.soak
@pytest.mark.ledger("DEC-345")
def test_no_script_in_the_name_of_a_node_runs_in_a_browser(
    visitor: Tab, site: Site, node_paths: tuple[str, ...]
) -> None:
    """No script runs in the texts of a request to a service or of a query either."""
    page = visitor.page
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
    forget_failures(visitor)


@pytest.mark.ledger("DEC-345")
def test_no_script_in_a_roll_out_runs_in_a_browser(visitor: Tab, site: Site) -> None:
    path, instance = named_rollout(Store(Client(site.app)))
    page = visitor.page
    page.goto(path)
    page.locator("[name^=value-]").fill(script("typed-value"))
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.locator(".reason")).to_be_visible()
    assert page.evaluate("window.ran") is None
    page.locator("[name^=value-]").fill(json_string(script("rolled-value")))
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_role("button", name="Do exactly this").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Roll-out")
    assert page.evaluate("window.ran") is None
    page.goto(instance)
    expect(page.get_by_text("rolled-value")).to_be_visible()
    assert page.evaluate("window.ran") is None
    forget_failures(visitor)


@pytest.mark.soak
@pytest.mark.ledger("DEC-345")
@pytest.mark.usefixtures("node_paths")
def test_no_script_in_an_address_runs_in_a_browser(visitor: Tab, site: Site) -> None:
    page = visitor.page
    for field in REFLECTED:
        page.goto(_reflected(field))
        assert page.evaluate("window.ran") is None, field
    forget_failures(visitor)


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
