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


def reasons(page: Page) -> dict[str, str | None]:
    """The faults of the form, by field."""
    return {each.get("id", "").removesuffix("-reason"): each.text for each in page.tree.cssselect(".reason")}


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ("{", "is not JSON: Expecting property name enclosed in double quotes in line 1, column 2"),
        (
            '{\n "first": 1,\n first}',
            "is not JSON: Expecting property name enclosed in double quotes in line 3, column 2",
        ),
        ('{"first": 1} x', "is not JSON: Extra data in line 1, column 14"),
        ("[" * 15_000, "is not JSON that can be read: it is nested too deep"),
        ('{"first": ' + "1" * 5000 + "}", "is not JSON that can be read: a number has too many digits"),
        ('{"first": NaN}', "is not JSON: NaN is not a JSON value"),
        ("-Infinity", "is not JSON: -Infinity is not a JSON value"),
        ("[]", 'must be a JSON object, such as {"first": 10}'),
        ("1", 'must be a JSON object, such as {"first": 10}'),
    ],
    ids=["begun", "third line", "more", "deep", "long number", "NaN", "infinity", "list", "number"],
)
def test_variables_that_cannot_be_sent_stay_in_the_form_with_the_reason_beside_them(
    app: Flask, master_token: str, variables: str, reason: str
) -> None:
    pages, page = opened(app)
    page = pages.send(page, FORM, token=master_token, query=TITLES, variables=variables)
    assert (page.status, reasons(page), result(page)) == (422, {"variables": reason}, "Nothing was sent.")
    assert (page.form(FORM)["variables"], page.form(FORM)["query"]) == (variables, TITLES)
    assert page.tree.cssselect("#variables")[0].get("aria-describedby") == "variables-hint variables-reason"


@pytest.mark.ledger("DEC-357")
@pytest.mark.parametrize(
    ("query", "variables", "expected"),
    [
        ("{ viewer {", "", {"query": "Syntax Error: Expected Name (line 1, column 11)"}),
        (
            "{\n  nothing\n}",
            "",
            {"query": "Cannot query field 'nothing' on type 'Query'. (line 2, column 3)"},
        ),
        ("", "", {"query": "Syntax Error: Unexpected <EOF>. (line 1, column 1)"}),
        (TITLES, '{"first": "ten"}', {"variables": "Variable '$first'"}),
        (
            TITLES.replace("Int", "Int!"),
            "{}",
            {"variables": "Variable '$first' has invalid value: Expected a value of non-null type 'Int!'"},
        ),
        (
            "mutation ($id: ID!) { removeExternalUser(input: {userId: $id}) { clientMutationId } }",
            '{"id": "nobody"}',
            {"query": "removeExternalUser: userId: is not found"},
        ),
        (
            "{ a: viewer { solutions(first: -1) { totalCount } } }",
            "",
            {"query": "Cannot query field 'totalCount'"},
        ),
        ("mutation { removeSolutionInstance(input: {solutionInstanceId: 1}) { clientMutationId } }", "", {"token": ""}),
    ],
    ids=["syntax", "field", "empty", "type", "missing", "value", "unknown", "token"],
)
def test_errors_are_shown_in_words_beside_the_field(
    app: Flask, master_token: str, query: str, variables: str, expected: dict[str, str]
) -> None:
    pages, page = opened(app)
    page = pages.send(page, FORM, token=master_token, query=query, variables=variables)
    found = reasons(page)
    assert found.keys() == expected.keys()
    assert all((found[name] or "").startswith(text) for name, text in expected.items())
    (error, *_) = json.loads(result(page))["errors"]
    assert (error["extensions"]["name"] == "VariableError") == ("variables" in expected)
    assert page.texts("[role=alert]") == ["The service reports an error. See the marked fields."]
    assert page.form(FORM)["query"] == query


def test_a_token_that_is_not_valid_is_marked(app: Flask) -> None:
    pages, page = opened(app)
    page = pages.send(page, FORM, token=TITLES, query=TITLES)
    assert list(reasons(page)) == ["token"]


def test_halves_of_surrogate_pairs_are_shown_as_they_were_sent(app: Flask, master_token: str) -> None:
    pages, page = opened(app)
    query = "mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { clientMutationId } }"
    given = '{"input": {"name": "x", "externalUserId": "x", "clientMutationId": "\\ud800"}}'
    page = pages.send(page, FORM, token=master_token, query=query, variables=given)
    assert page.status == 200
    assert "\\ud800" in result(page) or reasons(page)


def test_a_query_that_a_page_of_another_site_sends_is_refused(app: Flask, master_token: str) -> None:
    response = Pages(app).post(FORM, {"token": master_token, "query": TITLES})
    assert response.status_code == 403
    pages, page = opened(app)
    given = {**page.form(FORM), "token": master_token}
    assert pages.post(FORM, given, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
