"""Pages that refuse a form name the fields as the form does, and never by their paths in the domain."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.builders import Graph, draft, frozen, package
from tests.support.http import Client
from tests.support.pages import Page, Pages
from tests.support.solution_store import Store, auth_slot, config_slot
from tests.support.wizard import Wizard

FIELD_PATH = re.compile(r"[a-z]+_[a-z_]+(\.\w+)*:")
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
MANIFEST = {"node": "acme", "scope": "manifest", "plan": "1"}


def check(page: Page, *reasons: str) -> None:
    """The page gives these reasons, and shows no path."""
    assert [reason for reason in reasons if reason not in page.text] == [], page.text
    assert FIELD_PATH.search(page.response.text) is None


@pytest.fixture
def things(client: Client, store: Store, make_user: Callable[..., None]) -> dict[str, str]:
    """The objects that the addresses of forms name, by the parameters in the addresses."""
    graph = Graph().node("acme", package()).node("acme.T", frozen())
    client.load(graph.node("acme.W", frozen(), draft(type="acme.T.1")))
    make_user("ann")
    solution = store.published(config=[config_slot("channel")])
    return {
        "path": "acme/W",
        "logon": "ann",
        "solution_id": solution,
        "instance_id": store.instance(solution),
        "identifier": "1",
        "name": "ListUsers",
    }


@pytest.mark.ledger("DEC-370")
def test_no_page_shows_a_field_path_for_a_form_without_fields(app: Flask, pages: Pages, things: dict[str, str]) -> None:
    token = pages.get("/console").form("/console/sign-out")
    forms = [
        PARAMETER.sub(lambda parameter: things[parameter[1]], rule.rule)
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.rule.startswith("/console/") and rule.rule != "/console/sign-out"
    ]
    assert "/console/people/ann/password" in forms
    for form in forms:
        page = Page(pages.post(form, token), form)
        assert page.status < 500, form
        if page.status >= 400:
            check(page)


@pytest.mark.ledger("DEC-370")
@pytest.mark.parametrize(
    ("form", "given", "reasons"),
    [
        ("people", {}, ["The user is missing", "The password is missing: white space alone is not a password"]),
        ("people/ann/password", {}, ["The new password is missing: white space alone is not a password"]),
        ("people/ann/status", {}, ["The action is missing: give one of disable, enable, unlock"]),
        (
            "people/admin/status",
            {"action": "disable"},
            ["admin is your own account: another administrator can disable it"],
        ),
        ("permissions", {}, ["The permission is missing", "The user or group is missing"]),
        ("permissions", {"person": "ann", "group": "ann"}, ["The permission is missing"]),
        ("permissions/revoke", {"permission": "0"}, ["The permission is missing."]),
        ("tokens", {}, ["The name is missing"]),
        ("type/acme/W", {}, ["The new type is missing"]),
        ("solutions", {}, ["The title is missing"]),
        ("updates/new", {**MANIFEST, "scope": "x"}, ["The choice of where links move to is not one of node, current"]),
        ("updates/new", {**MANIFEST, "node": ""}, ["The node is missing."]),
        ("updates/new", MANIFEST, ["The source is required if the source scope is manifest."]),
    ],
)
@pytest.mark.usefixtures("things")
def test_a_form_is_refused_in_the_words_of_its_page(
    pages: Pages, form: str, given: dict[str, str], reasons: list[str]
) -> None:
    token = pages.get("/console").form("/console/sign-out")
    address = f"/console/{form}"
    page = Page(pages.post(address, {**token, **given}), address)
    assert page.status in {400, 422}
    check(page, *reasons)


@pytest.mark.ledger("DEC-370")
@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("updates/new?node=acme&scope=manifest", "The source is required if the source scope is manifest"),
        ("updates/plan.csv", "The node is missing."),
        ("updates/plan.svg?node=acme&scope=manifest&source=acme.X", "The source acme.X is not found."),
        ("solutions?after=x", "The solution after which the page begins is not found."),
    ],
)
@pytest.mark.usefixtures("things")
def test_an_address_is_refused_in_the_words_of_its_page(pages: Pages, address: str, reason: str) -> None:
    check(pages.get(f"/console/{address}"), reason)


@pytest.mark.ledger("DEC-370")
def test_users_change_their_own_password_in_the_words_of_the_page(app: Flask, things: dict[str, str]) -> None:
    pages = Pages.of(app, things["logon"])
    token = pages.get("/console").form("/console/sign-out")
    address = "/console/people/ann/password"
    page = Page(pages.post(address, {**token, "new_password": "long enough"}), address)
    check(page, "The present password is missing")


@pytest.mark.ledger("DEC-370")
@pytest.mark.parametrize("page", ["configure", "slot", "new", "edit"])
def test_no_page_of_the_wizard_shows_a_field_path(app: Flask, store: Store, page: str) -> None:
    wizard, owner = Wizard(app, store), store.user()
    slots = {"auth": [auth_slot("slack")], "config": [config_slot("channel")]}
    instance = store.instance(store.published(**slots), owner)
    code = wizard.code(userId=owner)
    address = {
        "configure": f"/external/solutions/acme/configure/{instance}",
        "slot": f"/external/auth/create/acme/{instance}/slack",
        "new": "/external/auth/create/acme",
        "edit": f"/external/auth/edit/acme/{store.authentication(owner)}",
    }[page]
    token = wizard.get(f"{address}?code={code}").fields["token"]
    for action in ("next", "finish", "reload"):
        for fields in ({}, {"service": "x" * 2000, "name-account": "x" * 2000, "data-account": "{}"}):
            refused = wizard.post(address, {"token": token, "action": action, **fields})
            assert refused.status < 500
            assert FIELD_PATH.search(refused.response.text) is None
