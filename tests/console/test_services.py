"""The pages of services: what they show, and trying a service."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from lxml import etree

from app.wire import trying
from tests.support.builders import Graph, frozen, package
from tests.support.http import PASSWORD, Client
from tests.support.pages import Page, Pages, shown
from tests.support.solution_store import Store

MakeUser = Callable[..., None]
SCRIPT = "<script>alert('1')</script>"
SERVICES = "/console/services"


def send(pages: Pages, service: str, **values: str) -> Page:
    """Try a service with the form of its page."""
    return pages.send(pages.get(f"{SERVICES}/{service}"), f"{SERVICES}/{service}", **values)


def response(page: Page) -> etree._Element:
    """The response that a page shows."""
    (document,) = page.tree.cssselect("pre[aria-label=Response] code")
    return etree.fromstring(document.text_content())


def test_every_service_has_a_page(pages: Pages, schemas: Path) -> None:
    names = [row[0] for row in pages.get(SERVICES).rows()]
    assert names == sorted(path.stem for path in (schemas / "requests").glob("*.xsd"))
    for name in names:
        page = pages.get(f"{SERVICES}/{name}")
        assert (page.status, page.title) == (200, name)
        assert len(page.tree.cssselect("pre")) == 2
    assert pages.get(f"{SERVICES}/GetNothing").status == 404


def test_a_service_is_tried_and_shown_as_a_line_for_a_shell(pages: Pages, client: Client) -> None:
    client.load(Graph().node("acme", package()).node("acme.Bolt", frozen(name="Bolt & <nut>")))
    page = send(pages, "GetNode", nodeVersionReference="acme.Bolt.1", memberDetailLevel="none")
    tree = response(page)
    assert (tree.tag, tree.findtext("nodeName")) == ("GetNode", "Bolt & <nut>")
    assert page.form(f"{SERVICES}/GetNode")["nodeVersionReference"] == "acme.Bolt.1"
    (line,) = page.texts("#curl")
    words = shlex.split(line)
    assert words[:3] == ["curl", "-u", "admin"]
    reply = client.post(words[words.index("-d") + 1], path=words[-1].removeprefix("http://localhost"))
    assert reply.text("nodeName") == tree.findtext("nodeName")


def reasons(page: Page) -> dict[str, str]:
    """The faults, by the field that is marked."""
    marked = page.tree.cssselect(".field.faulty")
    return {field.cssselect("input, select")[0].get("name"): shown(field.cssselect(".reason")[0]) for field in marked}


@pytest.mark.ledger("DEC-406")
def test_faults_in_a_request_are_shown_beside_their_fields(pages: Pages) -> None:
    page = send(pages, "CreateUser", userLogonReferenceCreate="a/b", passwordCreate="short", userName="Ann")
    assert set(reasons(page)) == {"userLogonReferenceCreate", "passwordCreate"}
    assert reasons(page)["passwordCreate"] == "must have 8 to 1024 characters"
    assert page.texts("[role=alert]") == ["The service refused the request. See the marked fields."]
    assert page.form(f"{SERVICES}/CreateUser")["userName"] == "Ann"
    assert response(page).findtext("errorFields") == "userLogonReferenceCreate\npasswordCreate"


@pytest.mark.ledger("DEC-406")
def test_faults_in_a_list_are_shown_beside_its_entry(pages: Pages, store: Store) -> None:
    slot = "ConfigSlotList/ConfigSlot[1]"
    # The schema finds the first fault, the domain the second: they number the entries in different ways.
    for element, text in (("hidden", "perhaps"), ("externalId", "x" * 1000)):
        given = {f"{slot}/externalId": "channel", f"{slot}/{element}": text}
        page = send(pages, "SetSolution", title="Support", **given)
        assert response(page).findtext("errorNumber") == "105"
        assert list(reasons(page)) == [f"{slot}/{element}"]


@pytest.mark.ledger("DEC-406")
def test_a_fault_of_no_field_is_shown_above_the_form(pages: Pages) -> None:
    page = send(pages, "GetNode", memberDetailLevel="none")
    assert response(page).findtext("errorNumber") == "105"
    assert page.texts("[role=alert]") != []


@pytest.mark.ledger("DEC-406")
def test_a_request_is_shown_without_sending_it(pages: Pages) -> None:
    given = {"userLogonReferenceCreate": "eve", "passwordCreate": "long enough", "userName": "Eve & co"}
    page = send(pages, "CreateUser", **given, do="show")
    assert page.texts("#tried") == []
    (document,) = page.tree.cssselect("pre[aria-label='XML of the request'] code")
    assert document.text_content().splitlines() == [
        "<CreateUser>",
        "  <userLogonReferenceCreate>eve</userLogonReferenceCreate>",
        "  <passwordCreate>...</passwordCreate>",
        "  <userName>Eve &amp; co</userName>",
        "</CreateUser>",
    ]
    (line,) = page.tree.cssselect("#curl")
    words = shlex.split(line.text_content())
    assert words[words.index("-d") + 1] == document.text_content()
    assert "long enough" not in page.response.text
    assert page.form(f"{SERVICES}/CreateUser")["userName"] == "Eve & co"
    assert pages.get("/console/people/eve").status == 404
    empty = send(pages, "CreateUser", do="show")
    assert empty.texts("pre[aria-label='XML of the request']") == ["<CreateUser/>"]


def test_lists_have_one_entry_in_the_form(pages: Pages, store: Store) -> None:
    slot = "ConfigSlotList/ConfigSlot[1]"
    tags = "TagList/tag[1]"
    page = send(pages, "SetSolution", **{"title": "Support", f"{slot}/externalId": "channel", tags: "crm"})
    solution = response(page).findtext("solutionId") or ""
    reply = store.done("GetSolution", solutionId=solution)
    assert reply.text("ConfigSlotList/ConfigSlot/externalId") == "channel"
    assert reply.text("TagList/tag") == "crm"


@pytest.mark.parametrize(
    ("service", "given", "number"),
    [
        ("GetNode", {"nodeVersionReference": "acme.Nothing"}, "105"),
        ("GetNode", {"nodeVersionIdentifier": "many"}, "105"),
        ("UpdateNodeVersions", {"nodeReference": "x" * 3000}, "105"),
        ("Search", {}, "105"),
    ],
)
def test_a_request_that_fails_shows_the_response_that_says_why(
    pages: Pages, service: str, given: dict[str, str], number: str
) -> None:
    page = send(pages, service, **given)
    assert page.status == 200
    assert response(page).findtext("errorNumber") == number


def test_a_service_is_tried_with_the_rights_of_the_visitor(app: Flask, make_user: MakeUser) -> None:
    make_user("ann")
    anns = Pages.of(app, "ann")
    given = {"userLogonReferenceCreate": "eve", "passwordCreate": "long enough"}
    page = send(anns, "CreateUser", **given)
    assert response(page).findtext("errorNumber") == "101"
    assert Pages(app).sign_in("eve", "long enough").title == "Sign in"
    assert "long enough" not in page.response.text
    form = {**anns.get("/console").form("/console/sign-out"), "userLogonReference": "admin", **given}
    page = Page(anns.post(f"{SERVICES}/CreateUser", form), SERVICES)
    assert response(page).findtext("errorNumber") == "101"


@pytest.mark.ledger("DEC-415")
def test_users_change_their_own_password(app: Flask, make_user: MakeUser) -> None:
    make_user("ann")
    anns = Pages.of(app, "ann")
    wrong = send(anns, "UpdatePassword", oldPassword="wrong horse", newPassword="better horse")
    assert response(wrong).findtext("errorNumber") == "105"
    right = send(anns, "UpdatePassword", oldPassword=PASSWORD, newPassword="better horse")
    assert response(right).findtext("errorNumber") == "0"


def test_a_long_response_is_cut_off(pages: Pages, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "MOST_SHOWN", 100)
    page = send(pages, "ListNodes")
    assert "longer than this page shows" in page.text
    (document,) = page.tree.cssselect("pre[aria-label=Response] code")
    assert len(document.text_content()) == 100


def test_an_import_has_no_form(pages: Pages) -> None:
    page = pages.get(f"{SERVICES}/NodeImport")
    assert "no form can hold" in page.text
    token = page.form("/console/sign-out")
    assert pages.post(f"{SERVICES}/NodeImport", token).status_code == 400


def test_fields_that_a_service_does_not_have_are_ignored(pages: Pages) -> None:
    token = pages.get(SERVICES).form("/console/sign-out")
    given = {**token, "nothing": "x", "a/b[0]": "y", "nodeVersionReference": SCRIPT}
    page = Page(pages.post(f"{SERVICES}/GetNode", given), f"{SERVICES}/GetNode")
    assert response(page).findtext("errorNumber") == "105"
    assert "<script>alert" not in page.response.text
