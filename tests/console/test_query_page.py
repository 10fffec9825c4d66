"""The page at `/graphql`, without a browser."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from sqlalchemy import Engine

from app.solutions.people.tokens import create_master_token
from tests.support.pages import Page, Pages
from tests.support.solution_store import Store

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FORM = "/console/graphql-form"
TITLES = "query ($first: Int) { viewer { solutions(first: $first) { edges { node { title } } } } }"
SCRIPT = "<script>alert('1')</script>"


@pytest.fixture
def master_token(app: Flask, engine: Engine) -> str:
    with engine.begin() as connection:
        return create_master_token(connection, "page").token


def opened(app: Flask) -> tuple[Pages, Page]:
    """The page in a browser whose user has not signed in."""
    pages = Pages(app)
    return pages, pages.get("/graphql", headers=HTML)


def result(page: Page) -> str:
    return page.texts("#result")[0]


@pytest.mark.ledger("DEC-291")
def test_a_browser_gets_the_page_with_the_schema_and_others_do_not(app: Flask) -> None:
    _, page = opened(app)
    assert (page.status, page.title) == (200, "GraphQL")
    assert "type Query" in page.texts("pre.tall")[0]
    for accept in ({}, {"Accept": "application/json"}, {"Accept": "*/*"}):
        response = app.test_client().get("/graphql", headers=accept)
        assert (response.status_code, response.headers["Allow"]) == (405, "OPTIONS, POST")
        assert "errors" in response.get_json()


def test_a_query_is_sent_without_scripts(app: Flask, store: Store, master_token: str) -> None:
    store.publish(store.set(title=SCRIPT))
    pages, page = opened(app)
    page = pages.send(page, FORM, token=master_token, query=TITLES, variables='{"first": 1}')
    assert json.loads(result(page))["data"]["viewer"]["solutions"]["edges"][0]["node"]["title"] == SCRIPT
    assert "<script>alert" not in page.response.text
    form = page.form(FORM)
    assert (form["query"], form["variables"], form["token"]) == (TITLES, '{"first": 1}', "")
    assert master_token not in page.response.text


@pytest.mark.parametrize("token", ["", "wrong", "\x7f", "é"])
def test_a_query_without_a_valid_token_is_refused(app: Flask, token: str) -> None:
    pages, page = opened(app)
    page = pages.send(page, FORM, token=token, query=TITLES)
    refused = json.loads(result(page))
    assert refused["data"] is None
    assert refused["errors"]


def test_variables_that_are_not_json_stay_in_the_form(app: Flask, master_token: str) -> None:
    pages, page = opened(app)
    for wrong in ("{", "[" * 100_000):
        page = pages.send(page, FORM, token=master_token, query=TITLES, variables=wrong)
        assert (page.status, page.texts(".reason")) == (422, ["is not JSON"])
        assert page.form(FORM)["variables"] == wrong


@pytest.mark.parametrize("variables", ["[]", "1", "NaN", '{"first": NaN}'])
def test_variables_that_are_not_an_object_get_an_error(app: Flask, master_token: str, variables: str) -> None:
    pages, page = opened(app)
    page = pages.send(page, FORM, token=master_token, query=TITLES, variables=variables)
    assert page.status in {200, 422}
    assert page.texts(".reason") or json.loads(result(page))["errors"]


def test_a_query_that_a_page_of_another_site_sends_is_refused(app: Flask, master_token: str) -> None:
    response = Pages(app).post(FORM, {"token": master_token, "query": TITLES})
    assert response.status_code == 403
    pages, page = opened(app)
    given = {**page.form(FORM), "token": master_token}
    assert pages.post(FORM, given, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
