"""Forms of the console and of the wizard have limits: reading a form takes time and memory for each of its fields."""

from __future__ import annotations

import pytest
from flask import Flask

from app.web.form_fields import ANONYMOUS, MOST_FIELDS
from tests.support.http import ADMIN, PASSWORD, Client
from tests.support.pages import Pages
from tests.support.solution_store import Store, config_slot
from tests.support.wizard import Wizard

TOO_MANY = {f"f{number}": "" for number in range(MOST_FIELDS)}
SIGN_IN = "/console/sign-in"


@pytest.mark.ledger("DEC-387")
def test_a_large_form_is_refused_before_the_sign_in(app: Flask) -> None:
    browser = Pages(app)
    for action, page in ((SIGN_IN, SIGN_IN), ("/console/graphql-form", "/graphql")):
        form = browser.get(page, headers={"Accept": "text/html"}).form(action)
        assert browser.post(action, {**form, "user": "nobody", "query": "x"}).status_code in {200, 403}
        assert browser.post(action, {**form, "user": "x" * ANONYMOUS}).status_code == 413
        assert browser.post(action, {**form, **TOO_MANY}).status_code == 413
    assert browser.post("/console/people", {"name": "x" * ANONYMOUS}).status_code == 413


@pytest.mark.ledger("DEC-387")
def test_a_form_of_the_console_has_a_largest_number_of_fields(client: Client, app: Flask) -> None:
    pages = Pages.of(app)
    form = pages.get("/console/solutions").form("/console/solutions")
    refused = pages.post("/console/solutions", {**form, "title": "Support", **TOO_MANY})
    assert refused.status_code == 413
    assert f"at most {MOST_FIELDS} fields" in refused.text
    assert pages.post("/console/solutions", {**form, "title": "x" * ANONYMOUS}).status_code == 422
    assert pages.post("/console/solutions", {**form, "title": "Support"}).status_code == 303


@pytest.mark.ledger("DEC-387")
def test_a_form_of_the_wizard_has_a_largest_number_of_fields(client: Client, app: Flask) -> None:
    store = Store(client)
    page = Wizard(app, store).open(store.instance(store.published(config=[config_slot("a")])))
    refused = page.send(values=TOO_MANY)
    assert refused.status == 413
    assert f"at most {MOST_FIELDS} fields" in refused.text
    assert page.send(values={"config:a": "x" * ANONYMOUS}).title == "Summary"


@pytest.mark.ledger("DEC-387")
def test_no_large_form_is_read_before_its_sender_is_known(client: Client, app: Flask) -> None:
    """Neither the wizard without the token of a session, nor a service without a sign-in reads such a form."""
    store = Store(client)
    page = Wizard(app, store).open(store.instance(store.published(config=[config_slot("a")])))
    assert Wizard(app, store).post(page.path, TOO_MANY).status == 403
    for address in ("/service/GetNode", "/servicejson/GetNode"):
        refused = app.test_client().post(address, data=TOO_MANY)
        assert refused.headers["Relink-Error-Number"] == "101"
        assert b"sign in with HTTP Basic to send more than 64 KiB" in refused.data
        signed_in = app.test_client().post(address, data=TOO_MANY, auth=(ADMIN, PASSWORD))
        assert b"more than 5000 parameters" in signed_in.data
