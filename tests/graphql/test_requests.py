"""Requests as such: tokens, bodies, and what asks for too much."""

from __future__ import annotations

import json
import time
from typing import Any

import psycopg
import pytest
from flask import Flask
from graphql import get_introspection_query
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from app.application import create_app
from app.database.engine import make_engine
from app.settings import Settings
from tests.graphql.client import GraphQL

DETAILS = {"query": "{ viewer { details { name } } }"}
QUICK = 3.0


def error(response: Any) -> dict[str, Any]:  # noqa: ANN401 - werkzeug's
    """The one error of an answer without data."""
    answer = response.get_json()
    assert answer["data"] is None
    (found,) = answer["errors"]
    return dict(found)


class TestTokens:
    @pytest.mark.parametrize("token", [None, "unknown", "", "ü"])
    def test_none_or_an_unknown_one(self, app: Flask, token: str | None) -> None:
        response = GraphQL(app, token).post(DETAILS)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert error(response)["extensions"]["code"] == "access_not_allowed"
        assert error(response)["extensions"]["name"] == "PreconditionError"

    @pytest.mark.parametrize("header", ["Basic YWRtaW46Y29ycmVjdCBob3JzZQ==", "Bearer", "Bearer a b", "Token x", "x"])
    def test_what_is_no_bearer_token(self, app: Flask, header: str) -> None:
        assert GraphQL(app, None).post(DETAILS, headers={"Authorization": header}).status_code == 401

    def test_nobody_keeps_answers(self, master: GraphQL) -> None:
        assert master.post(DETAILS).headers["Cache-Control"] == "no-store"


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"\xff",
            b"[" * 100_000,
            b'{"query": ' + b"9" * 10_000 + b"}",
            b"[]",
            b"null",
            b'[{"query": "{ __typename }"}]',
            b"{}",
            b'{"query": null}',
            b'{"query": 1}',
            b'{"query": "{ __typename }", "variables": []}',
            b'{"query": "{ __typename }", "operationName": 1}',
        ],
    )
    def test_what_is_no_graphql_request(self, master: GraphQL, body: bytes) -> None:
        response = master.post(body)
        assert response.status_code == 400
        assert error(response)["extensions"]["code"] == "invalid_request"

    def test_what_is_too_large(self, master: GraphQL) -> None:
        assert master.post(b'{"query": "' + b" " * 1024 * 1024 + b'"}').status_code == 413
        most = json.dumps(DETAILS).encode().ljust(1024 * 1024)
        assert master.post(most).status_code == 200
        assert master.post(most + b" ").status_code == 413

    @pytest.mark.parametrize(
        "media_type", ["text/plain", "", "application/graphql", "application/json; charset=utf-16"]
    )
    def test_another_media_type(self, master: GraphQL, media_type: str) -> None:
        assert master.post(DETAILS, content_type=media_type).status_code == 415

    def test_a_content_encoding(self, master: GraphQL) -> None:
        headers = {"Authorization": f"Bearer {master.token}", "Content-Encoding": "gzip"}
        assert master.post(DETAILS, headers=headers).status_code == 415

    def test_other_methods(self, master: GraphQL) -> None:
        response = master.post(b"", method="GET")
        assert (response.status_code, response.headers["Allow"]) == (405, "POST")

    def test_variables_and_operation_name(self, master: GraphQL) -> None:
        query = "query A($n: Int) { users(first: $n) { edges { cursor } } } query B { viewer { details { name } } }"
        assert master.post({"query": query, "variables": {"n": 1}, "operationName": "A"}).get_json()["data"]["users"]
        assert master.post({"query": query, "operationName": "B"}).get_json()["data"]["viewer"]
        assert error(master.post({"query": query}))["extensions"]["code"] == "invalid_query"
        assert error(master.post({"query": query, "operationName": "C"}))["extensions"]["code"] == "invalid_query"


class TestErrors:
    def test_the_shape(self, master: GraphQL) -> None:
        found = error(master.post({"query": "mutation {\n  authorize(input: {userId: 1}) { accessToken }\n}"}))
        assert found["message"] == "userId: is not found"
        assert found["path"] == ["authorize"]
        assert found["locations"] == [{"line": 2, "column": 3}]
        assert found["extensions"] == {"name": "UserError", "code": "not_found"} | {
            "time_thrown": found["extensions"]["time_thrown"]
        }

    @pytest.mark.parametrize("query", ["", "{", "{ nothing }", "subscription { x }", "type A { b: Int }", "{ viewer }"])
    def test_what_is_no_query_of_the_schema(self, master: GraphQL, query: str) -> None:
        response = master.post({"query": query})
        assert response.status_code == 200
        assert response.get_json()["errors"][0]["extensions"]["code"] == "invalid_query"

    def test_a_defect_says_nothing_of_itself(self, master: GraphQL, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError("an inner matter")

        monkeypatch.setattr("app.graphql.queries.read_external_users", fail)
        found = error(master.post({"query": "{ users { edges { cursor } } }"}))
        assert found["message"] == "an error of ours"
        assert found["extensions"]["code"] == "internal_error"

    def test_a_conflict_with_others_can_be_tried_again(self, master: GraphQL, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise OperationalError("SELECT secret", {}, psycopg.errors.DeadlockDetected("inner"))

        monkeypatch.setattr("app.graphql.queries.read_external_users", fail)
        found = error(master.post({"query": "{ users { edges { cursor } } }"}))
        assert found["extensions"]["code"] == "try_again"
        assert "inner" not in found["message"]

    def test_a_database_that_is_away(self) -> None:
        engine = make_engine("postgresql://nobody@127.0.0.1:1/nothing", pool_size=1)
        response = GraphQL(create_app(Settings(), engine), "x").post(DETAILS)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
        assert error(response)["extensions"]["code"] == "try_again"
        engine.dispose()

    def test_without_a_key_no_authentication_is_kept(self, engine: Engine, anns: GraphQL) -> None:
        given = '{name: "n", serviceId: "s", serviceEnvironmentId: "", data: "{}"}'
        query = f"mutation {{ createUserAuthentication(input: {given}) {{ authenticationId }} }}"
        code, message = GraphQL(create_app(Settings(), engine), anns.token).error(query)
        assert (code, "RELINK_SECRET_KEY" in message) == ("try_again", True)


def nested(levels: int) -> str:
    return "{ viewer { solutionInstances { edges { node " + "{ solution " * levels + "{ id }" + "}" * levels + "} } } }"


def fragments(count: int, last: str) -> str:
    """Fragments of which each uses the next twice."""
    chain = "".join(f" fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(count))
    return f"{{ ...f0 }}{chain} fragment f{count} on Query {{ {last} }}"


class TestTooMuch:
    @pytest.mark.parametrize(
        "query",
        [
            nested(20),
            "{ viewer " * 1000 + "}" * 1000,
            "{ users(criteria: " + "[" * 2000 + "]" * 2000 + ") { edges { cursor } } }",
            "{ " + " ".join(f"a{n}: __typename" for n in range(31)) + " }",
            "{ " + "__typename " * 501 + "}",
            "{ ...f } fragment f on Query { " + "__typename " * 501 + "}",
            "{ __typename } " + " ".join(f"fragment f{n} on Query {{ {'__typename ' * 499} }}" for n in range(9)),
            fragments(60, "__typename"),
            fragments(60, "...f0"),
            fragments(60, "...nothing"),
            "{ ...f } fragment f on Query { ...f ...f }",
            "{ ...f } fragment f on Query { ... { ... { ...f } ...f } ...f viewer { details { name } } }",
            "{ " + "__typename @skip(if: false) " * 600 + "}",
            "{ a " * 2000,
            "query(" + " ".join(f"$a{n}: Int" for n in range(1200)) + ") { __typename }",
            "#" * 900_000,
            '{ users(after: "' + "x" * 900_000 + '") { edges { cursor } } }',
            "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }",
        ],
    )
    def test_is_refused_soon(self, master: GraphQL, query: str) -> None:
        began = time.perf_counter()
        answer = master.answer(query)
        assert time.perf_counter() - began < QUICK
        assert answer["data"] is None
        assert {found["extensions"]["code"] for found in answer["errors"]} <= {"invalid_query", "invalid_input"}

    def test_deep_variables(self, master: GraphQL) -> None:
        body = '{"query": "query($c: UserSearchCriteria) { users(criteria: $c) { edges { cursor } } }", "variables": '
        for levels in (90, 900):
            nest = '{"c": ' + "[" * levels + "]" * levels + "}}"
            assert master.post((body + nest).encode()).status_code in (200, 400)

    def test_introspection_is_allowed(self, master: GraphQL, anns: GraphQL) -> None:
        for client in (master, anns):
            assert client.data(get_introspection_query())["__schema"]["queryType"]["name"] == "Query"
