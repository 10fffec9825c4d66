"""Every page of the console in each of its states, on a phone in the dark and on a desk: accessible, and no wider than
the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from app.solutions.people.tokens import create_master_token
from tests.console.test_browser_updates import shop as furniture
from tests.console.test_nodes import catalog
from tests.console.test_runs import WORKER, locked
from tests.support.accessibility import check_looks
from tests.support.browsers import LOOKS, Site, Tab, forget_failures, tabs_of
from tests.support.builders import Graph, M, draft, frozen, links, member_type, package, type_with
from tests.support.http import PASSWORD, Client, Reply, message
from tests.support.releases import shop
from tests.support.served import eventually
from tests.support.solution_store import Store
from tests.support.workers import ASYNC, accepted, shown, working

Action = Callable[[Page], None]


@dataclass(frozen=True)
class State:
    """A page, and what is done on it before it is looked at."""

    path: str
    action: Action | None = None


def refuse_draft(page: Page) -> None:
    """Save the draft of a solution with a new screen and a new slot that are not filled in."""
    page.get_by_role("button", name="Add a screen").click()
    page.get_by_role("button", name="Add a config slot").click()
    page.get_by_role("button", name="Save the draft").first.click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()


def open_dialog(page: Page) -> None:
    page.get_by_role("link", name="Publish draft").click()
    expect(page.get_by_role("dialog").get_by_text("An upgrade is needed.")).to_be_visible()


def show_impact(page: Page) -> None:
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.get_by_role("heading", name="What it would do")).to_be_visible()


def show_impact_with_token(page: Page) -> None:
    page.get_by_label("Token").fill('"secret"')
    show_impact(page)
    expect(page.get_by_role("button", name="Do exactly this: move 3 instances")).to_be_visible()


def show_wizard_link(page: Page) -> None:
    page.get_by_role("link", name="Ann's desk").click()
    page.get_by_role("button", name="Wizard link").click()
    expect(page.get_by_text("The link to the wizard.")).to_be_visible()


def heading(words: str) -> Action:
    """A page that must have this heading."""
    return lambda page: expect(page.get_by_role("heading", level=1)).to_contain_text(words)


STATES: Mapping[str, Mapping[str, State]] = {
    "nodes": {
        "nodes": State("nodes"),
        "node": State("nodes/acme/Widget"),
        "edit": State("edit/acme/Widget"),
        "compare": State("compare/acme/Widget?from=1&to=2"),
        "freeze": State("freeze/acme/Widget"),
        "type": State("type/acme/Widget?type=acme.types.Bare.1"),
        "versions": State("versions/acme/Nut"),
        "uses": State("uses/acme/Nut"),
        "search": State("nodes?q=acme&values=true"),
    },
    "plans": {
        "home": State(""),
        "failure": State("nodes/nothing/here", heading("Not found")),
        "plan-new": State("updates/new"),
        "plan-empty": State("updates/new?node=acme.types"),
        "plan-drawn": State("updates/new?node=shop"),
        "plan-counted": State("updates/new?node=big"),
        "plan-refused": State("updates/new?node=acme&scope=manifest&source=acme.none"),
    },
    "runs": {
        "runs": State("runs"),
        "runs-empty": State("runs?user=nobody"),
        "run-queued": State("runs/{queued}", heading("queued")),
        "run-running": State("runs/{running}", heading("running")),
        "run-done": State("runs/{done}", heading("done")),
        "run-failed": State("runs/{failed}", heading("done in part")),
    },
    "ended runs": {
        "run-cancelled": State("runs/{cancelled}", heading("cancelled")),
        "run-interrupted": State("runs/{interrupted}", heading("interrupted")),
        "run-rollout": State("runs/{rollout}", heading("Roll-out")),
    },
    "solutions": {
        "solutions": State("solutions"),
        "solution": State("solutions/{draft}"),
        "draft-refused": State("solutions/{draft}/draft", refuse_draft),
        "publish": State("solutions/{draft}/publish"),
        "dialog": State("solutions/{draft}", open_dialog),
    },
    "releases": {
        "releases": State("solutions/{draft}/releases"),
        "rollout": State("solutions/{published}/rollout", show_impact),
        "rollout-token": State("solutions/{published}/rollout", show_impact_with_token),
    },
    "instances": {
        "instances": State("instances?solution={published}"),
        "instances-empty": State("instances?name=unheard"),
        "instance": State("instances?solution={published}", show_wizard_link),
    },
    "people": {
        "people": State("people"),
        "person": State("people/ann?node=acme.Widget"),
        "permissions": State("permissions?node=acme"),
        "tokens": State("tokens"),
        "activity": State("activity"),
    },
}


STATUSES = {"plan-refused": 422, "failure": 404}


@pytest.fixture(scope="module")
def places(site: Site) -> Iterator[dict[str, object]]:
    """A service with something on each page; the identifiers of what the addresses name."""
    client, store = Client(site.app), Store(Client(site.app))
    client.load(catalog())
    client.copy("acme.Widget.1", "acme.Widget")
    new = {"userLogonReferenceCreate": "ann", "passwordCreate": PASSWORD}
    granted = {"permissionTypeReference": "package-update", "userGroupReference": "ann", "objectReference": "acme"}
    for name, elements in (("CreateUser", new), ("CreatePermission", granted)):
        assert client.post(message(name, elements)).number == 0
    with site.engine.begin() as connection:
        create_master_token(connection, "Shop")
        connection.exec_driver_sql(WORKER)
    client.load(crowd())
    solution, published = shop(store), shop(store)
    store.publish(published)
    with ExitStack() as until_the_end:
        yield {"draft": solution, "published": published, **runs(client, site, store, until_the_end)}


def crowd() -> Graph:
    """A package in which more nodes are out of date than a drawing shows."""
    graph = Graph().node("big", package()).node("big.C", frozen(), draft())
    for number in range(205):
        graph.node(f"big.p{number % 3}.N{number}", frozen(*links("big.C.1")))
    return graph


def chain(name: str) -> Graph:
    """A package in which two nodes are out of date."""
    graph = Graph().node(f"{name}.C", frozen(), draft()).node(f"{name}.B", frozen(*links(f"{name}.C.1")))
    return graph.node(f"{name}.A", frozen(*links(f"{name}.B.1")))


def runs(client: Client, site: Site, store: Store, until_the_end: ExitStack) -> dict[str, int]:
    """A run in each state. The one that is running waits for the lock of a node until the end."""
    client.load(furniture())
    # The new member type refuses the data of one node, whose row is an error; another row is a warning.
    refusing = Graph().node("shop.m", member_type(), member_type(VALUE_PATTERN="[0-9]+"))
    refusing.node("shop.T", type_with("shop.m.1"), type_with("shop.m.2"))
    client.load(refusing.node("shop.Lamp", frozen(M("shop.m.1", value="red"), type="shop.T.1", name="Lamp")))
    for name in ("done", "cancelled", "interrupted", "running", "queued"):
        client.load(chain(name))
    found = {name: begun(client.update(name, "force")) for name in ("done", "cancelled", "interrupted")}
    failed = client.update("shop", "force", sourceScope="current")
    assert {row["updateType"] for row in failed.updates()} >= {"error", "warning"}
    found["failed"] = begun(failed)
    with site.engine.begin() as connection:
        for state in ("cancelled", "interrupted"):
            connection.exec_driver_sql("UPDATE run SET state = %s WHERE run_identifier = %s", (state, found[state]))
    rolled = shop(store)
    store.publish(rolled)
    found["rollout"] = begun(store.reply_to("UpdateSolutionInstances", solutionId=rolled, action="force"))
    lock = locked(site.engine, "running.A")
    until_the_end.enter_context(working(site.engine))
    until_the_end.enter_context(lock)
    for name in ("running", "queued"):
        forced = {"nodeReference": name, "action": "force", "updateContentIndicator": "true"}
        found[name] = accepted(client.post(message("UpdateNodeVersions", forced), headers=ASYNC))
        eventually(lambda: shown(client, found["running"])["done"] == 1)
    return found


def begun(reply: Reply) -> int:
    return int(reply.response.headers["Relink-Run"])


@pytest.fixture(scope="module")
def phone(browser: Browser, site: Site) -> Iterator[Tab]:
    """A visitor who has signed in."""
    with tabs_of(browser, site.url) as open_tab:
        tab = open_tab(dark=LOOKS[0].dark, size=LOOKS[0].size)
        tab.sign_in()
        yield tab


@pytest.mark.parametrize("section", STATES)
def test_pages_are_accessible_and_fit(phone: Tab, places: dict[str, object], section: str) -> None:
    page = phone.page
    for name, state in STATES[section].items():
        response = page.goto(f"/console/{state.path.format(**places)}")
        assert response is not None
        assert response.status == STATUSES.get(name, 200), name
        if state.action is not None:
            state.action(page)
        page.evaluate("document.querySelectorAll('main details').forEach(each => { each.open = true; })")
        check_looks(page, name, *LOOKS)
    forget_failures(phone)
