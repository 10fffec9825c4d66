"""In random worlds, the pages of nodes and updates show each user what the oracle allows and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from app.application import create_app
from app.references import packages_above
from app.settings import Settings
from tests.access import oracle
from tests.access.oracle import World
from tests.access.test_every_service import WORD, WORLDS
from tests.access.worlds import MISSING, REFERENCES, load, version_name, worlds
from tests.conftest import FreshDatabase
from tests.support.databases import engine_on
from tests.support.http import ADMIN, Client
from tests.support.pages import Page, Pages

VISITOR = "ann"
OF_A_NODE = ("nodes", "versions", "uses", "freeze", "edit", "type", "compare")
"""The pages of a node, none of which shows what the visitor may not read."""
LISTS = ("/console", "/console/activity", "/console/nodes", "/console/runs", "/console/nodes?q=Name&values=true")


@pytest.mark.ledger("PRO-8")
@given(world=worlds())
@settings(max_examples=max(1, WORLDS // 3), deadline=None, suppress_health_check=list(HealthCheck))
def test_pages_show_what_the_oracle_allows(fresh_database: FreshDatabase, world: World) -> None:
    with fresh_database(False, connected=True) as url, engine_on(url) as engine:
        app = create_app(Settings(), engine)
        load(engine, Client(app, ADMIN), world)
        pages = Pages.of(app, VISITOR)
        for address in LISTS:
            tells_nothing_unreadable(world, VISITOR, pages.get(address), "")
        for reference in (*REFERENCES, *MISSING):
            look(world, VISITOR, pages, reference)
            may_not_change(world, VISITOR, pages, reference)


def look(world: World, user: str, pages: Pages, reference: str) -> None:
    """Look at all pages of a node."""
    readable = reference in world.nodes and world.may(user, "read", reference)
    path = reference.replace(".", "/")
    for name in OF_A_NODE:
        page = pages.get(f"/console/{name}/{path}?from=1&to=1&type=Y")
        assert readable or page.status == 404, f"{user} sees {name} of {reference}"
        tells_nothing_unreadable(world, user, page, reference)
    assert (pages.get(f"/console/nodes/{path}").status == 200) is readable
    rights = pages.get(f"/console/people/{user}?node={reference}")
    assert ("may read, " in rights.text) is readable
    tells_nothing_unreadable(world, user, rights, reference)
    plan = pages.get(f"/console/updates/new?node={reference}&scope=latest&why={reference}")
    assert (plan.status == 200) is readable
    tells_nothing_unreadable(world, user, plan, reference)
    for kind in ("csv", "svg") if readable else ():
        export = pages.client.get(f"/console/updates/plan.{kind}?node={reference}&scope=latest")
        assert export.status_code == 200
        tells_nothing_unreadable(world, user, Page(export, reference), reference)


def may_not_change(world: World, user: str, pages: Pages, reference: str) -> None:
    """Send the forms of pages that the visitor may not open. They must change nothing."""
    if reference in world.nodes and world.may(user, "administer", reference):
        return
    token = {"form_token": pages.get("/console").form("/console/sign-out")["form_token"]}
    path = reference.replace(".", "/")
    for name in ("freeze", "edit", "type", "draft"):
        response = pages.post(f"/console/{name}/{path}", {**token, "type": "Y", "name": "changed"})
        assert response.status_code in {403, 404, 409}, f"{user} changes {reference} by {name}"
        tells_nothing_unreadable(world, user, Page(response, path), reference)


def tells_nothing_unreadable(world: World, user: str, page: Page, asked: str) -> None:
    """A page names no node that its visitor may not read, apart from the one that was asked for and the packages that
    are parts of the references of others, and no draft that the visitor may not use."""
    shown = set(WORD.findall(page.response.text))
    readable = {reference for reference in world.nodes if world.may(user, "read", reference)}
    known = {asked, *readable, "Y"}
    known.update(package for reference in list(known) for package in packages_above(reference))
    for reference, node in world.nodes.items():
        assert reference in known or reference not in shown, f"{user} learns of {reference} at {page.address}"
        for number in range(1, node.latest + 1):
            may_use = number <= node.frozen or world.may(user, "use-draft", reference)
            seen = version_name(reference, number) in shown
            assert not seen or (reference in readable and may_use), f"{user} sees {reference}.{number}"


def test_the_oracle_and_the_pages_agree_on_everything_for_an_administrator(fresh_database: FreshDatabase) -> None:
    world = World({name: oracle.Node(ADMIN, 1, draft=True) for name in REFERENCES}, frozenset(), {}, frozenset({ADMIN}))
    with fresh_database(False, connected=True) as url, engine_on(url) as engine:
        app = create_app(Settings(), engine)
        load(engine, Client(app, ADMIN), world)
        look(world, ADMIN, Pages.of(app), "P.s.c")
