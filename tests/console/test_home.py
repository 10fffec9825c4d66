"""The home page: what needs attention, as far as the visitor may know it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import Engine, text

from tests.support.accessibility import check_accessible
from tests.support.browsers import OpenTab, Site, picture
from tests.support.builders import Graph, draft, frozen, links, out_of_date, package
from tests.support.http import Client, message
from tests.support.pages import Pages
from tests.support.solution_store import Store, config_slot
from tests.support.workers import ASYNC, accepted

MakeUser = Callable[..., None]
BEHIND = "section[aria-labelledby=outofdate] table"
ACTIVITY = "section[aria-labelledby=activity] table"
RUNS = "section[aria-labelledby=runs] table"


def two_packages() -> Graph:
    """P has three nodes behind a draft, of which only the last one links to the draft directly; Q has one."""
    graph = out_of_date(3)
    return graph.node("Q", package()).node("Q.A", frozen(*links("Q.B.1"))).node("Q.B", frozen(), frozen())


@pytest.mark.ledger("DEC-255")
def test_packages_that_are_out_of_date_are_counted(client: Client, app: Flask) -> None:
    pages = Pages.of(app)
    assert pages.get("/console").rows(BEHIND) == []
    client.load(two_packages())
    page = pages.get("/console")
    assert page.rows(BEHIND) == [["P", "1", "plan"], ["Q", "1", "plan"]]
    assert client.update("P", "force").number == 0
    page = pages.get("/console")
    assert page.rows(BEHIND) == [["Q", "1", "plan"]]
    assert [row[1:4] for row in page.rows(RUNS)] == [["Update of P", "done", "admin"]]


def test_the_address_with_a_slash_leads_to_the_page(pages: Pages, app: Flask) -> None:
    assert pages.get("/console/").title == "Home"
    stranger = Pages(app)
    page = stranger.get("/console/")
    assert page.title == "Sign in"
    assert stranger.sign_in(following="/console/").title == "Home"


@pytest.mark.ledger("DEC-255")
def test_a_user_sees_only_what_the_permissions_allow(client: Client, app: Flask, make_user: MakeUser) -> None:
    client.load(two_packages())
    client.update("P", "force")
    make_user("ann", "package-read Q", "package-read P")
    make_user("bob", "node-read Q.A", "node-read Q.B")
    make_user("cem")
    client.load(Graph().node("P.N3", draft(), first=2).node("P.X", frozen(*links("P.N3.1"))))
    of_ann = Pages.of(app, "ann").get("/console")
    # Ann may not use drafts, so that nothing in P is out of date for her.
    assert of_ann.rows(BEHIND) == [["Q", "1", "plan"]]
    assert of_ann.rows(RUNS) == []
    assert of_ann.texts("#activity") == []
    assert "workers" not in of_ann.text
    for user in ("bob", "cem"):
        assert Pages.of(app, user).get("/console").rows(BEHIND) == []


def test_administrators_see_what_waits_and_what_has_happened(store: Store, app: Flask, engine: Engine) -> None:
    pages = Pages.of(app)
    page = pages.get("/console")
    assert "0 workers alive" in page.texts(".figure")
    assert "No worker is alive" in page.text
    assert page.rows(ACTIVITY)[0][1:4] == ["admin", "signed in", ""]
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO procrastinate_workers DEFAULT VALUES"))
        connection.execute(text("INSERT INTO outbox (event, body) VALUES ('test', '{}'), ('test', '{}')"))
        connection.execute(text("UPDATE outbox SET given_up_at = now() WHERE ctid = (SELECT min(ctid) FROM outbox)"))
    page = pages.get("/console")
    assert {"1 worker alive", "1 message not delivered", "0 instances wait for their users"} <= set(
        page.texts(".figure")
    )
    assert "1 message was given up" in page.text


@pytest.mark.ledger("DEC-326")
def test_instances_that_wait_are_counted_by_whom_they_wait_for(pages: Pages, store: Store, engine: Engine) -> None:
    solution = store.published(config=[config_slot("channel")])
    given = {"channel": '"general"'}
    first, _, third = (store.instance(solution, name=name, config=given) for name in ("First", "Second", "Third"))
    store.republish(solution, config=[config_slot("channel"), config_slot("token", hidden="true")])
    assert {"0 instances wait for their users", "3 instances wait for the system"} <= set(figures(pages))
    store.republish(solution, config=[config_slot("channel"), config_slot("token", hidden="true"), config_slot("team")])
    store.update(third, held=True)
    shown = {"3 instances wait for their users", "3 instances wait for the system", "1 instance behind and on hold"}
    assert shown <= set(figures(pages))
    store.upgrade(first, config={"token": '"x"', "team": '"y"'})
    store.upgrade(third, config={"token": '"x"', "team": '"y"'})
    assert {"1 instance waits for its user", "1 instance waits for the system"} <= set(figures(pages))
    with engine.begin() as connection:
        connection.execute(text("UPDATE solution_instance SET failed_release = 3 WHERE name = 'Second'"))
    assert "1 instance failed to move" in figures(pages)


@pytest.mark.ledger("DEC-326")
def test_each_figure_leads_to_the_instances_that_it_counts(pages: Pages, store: Store, engine: Engine) -> None:
    solution = store.published(config=[config_slot("channel")])
    for name in ("First", "Second", "Third"):
        store.instance(solution, name=name, config={"channel": '"general"'})
    store.republish(solution, config=[config_slot("channel"), config_slot("token", hidden="true")])
    with engine.begin() as connection:
        connection.execute(text("UPDATE solution_instance SET failed_release = 2 WHERE name = 'Second'"))
        connection.execute(text("UPDATE solution_instance SET held = true WHERE name = 'Third'"))
    counted = figures_with_links(pages)
    assert sorted(counted.values()) == [0, 1, 1, 3]
    for address, count in counted.items():
        assert len(pages.get(address).rows()) == count, address
    pages.send(pages.get(f"/console/solutions/{solution}"), f"/console/solutions/{solution}/hold")
    counted = figures_with_links(pages)
    assert counted["/console/instances?state=behind-held"] == 3
    for address, count in counted.items():
        assert len(pages.get(address).rows()) == count, address


def figures_with_links(pages: Pages) -> dict[str, int]:
    """The figures about instances, by the address of the list that each leads to."""
    links = pages.get("/console").tree.cssselect(".figure a")
    found = {link.get("href", ""): int(link.cssselect("b")[0].text_content()) for link in links}
    return {address: count for address, count in found.items() if "/instances" in address}


@pytest.mark.ledger("PRO-42")
def test_recent_activity_says_who_did_what_and_how(pages: Pages, store: Store) -> None:
    solution = store.published(config=[config_slot("channel")])
    instance = store.instance(solution, name="Mine", config={"channel": '"secret"'})
    store.republish(solution, config=[config_slot("channel")])
    store.update(instance, held=True, instanceName="Ours")
    store.upgrade(instance)
    page = pages.get("/console")
    assert [row[1:] for row in page.rows(ACTIVITY)[:4]] == [
        ["admin", "moved", "instance Ours", "from release 1 to 2 by an upgrade"],
        ["admin", "changed", "instance Ours", "renamed; put on hold"],
        ["admin", "published", "solution Support", "release 2"],
        ["admin", "created", "instance Ours", "on release 1; new values for channel"],
    ]
    assert f"/console/instances/{instance}" in page.links
    assert "secret" not in page.response.text


def figures(pages: Pages) -> list[str]:
    return pages.get("/console").texts(".figure")


def test_a_run_in_progress_is_shown_before_newer_ones(client: Client, app: Flask) -> None:
    client.load(two_packages())
    given = {"nodeReference": "Q", "action": "force", "updateContentIndicator": "true"}
    accepted(client.post(message("UpdateNodeVersions", given), headers=ASYNC))
    for _ in range(9):
        assert client.update("P", "force").number == 0
    shown = Pages.of(app).get("/console").rows(RUNS)
    assert [row[1:3] for row in shown] == [["Update of Q", "queued"], *[["Update of P", "done"]] * 7]


@pytest.mark.ledger("DEC-255")
def test_a_store_that_is_too_large_to_look_at_says_so(client: Client, app: Flask, engine: Engine) -> None:
    client.load(two_packages())
    pages = Pages.of(app)
    with engine.begin() as locking:
        locking.execute(text("LOCK TABLE node_version IN ACCESS EXCLUSIVE MODE"))
        page = pages.get("/console")
    assert page.status == 200
    assert "too large to look for this" in page.text


def test_the_page_is_accessible_on_a_desk(site: Site, open_tab: OpenTab) -> None:
    client = Client(site.app)
    client.load(Graph().node("R", package()).node("R.A", frozen(*links("R.B.1"))).node("R.B", frozen(), draft()))
    client.update("R", "force")
    page = open_tab().sign_in()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    check_accessible(page)
    picture(page, "home-desk")
