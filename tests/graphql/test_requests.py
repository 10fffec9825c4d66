"""Requests in general: tokens, bodies, and requests that ask for too much."""

from __future__ import annotations

import codecs
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
    """Return the one error of a response without data."""
    document = response.get_json()
    assert document["data"] is None
    (found,) = document["errors"]
    return dict(found)


class TestTokens:
    @pytest.mark.ledger("DEC-41", "DEC-121")
    @pytest.mark.parametrize("token", [None, "unknown", "", "ü"])
    def test_a_missing_or_unknown_token(self, app: Flask, token: str | None) -> None:
        response = GraphQL(app, token).post(DETAILS)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert error(response)["extensions"]["code"] == "access_not_allowed"
        assert error(response)["extensions"]["name"] == "PreconditionError"

    @pytest.mark.parametrize("header", ["Basic YWRtaW46Y29ycmVjdCBob3JzZQ==", "Bearer", "Bearer a b", "Token x", "x"])
    def test_an_invalid_bearer_token(self, app: Flask, header: str) -> None:
        assert GraphQL(app, None).post(DETAILS, headers={"Authorization": header}).status_code == 401

    def test_responses_may_not_be_cached(self, master: GraphQL) -> None:
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
            b'{"query": "{ __typename }", "extensions": []}',
            b'{"query": "{ __typename }", "variables": {"n": NaN}}',
            b'{"query": "{ __typename }", "variables": {"n": -Infinity}}',
        ],
    )
    def test_an_invalid_graphql_request(self, master: GraphQL, body: bytes) -> None:
        response = master.post(body)
        assert response.status_code == 400
        assert error(response)["extensions"]["code"] == "invalid_request"
        assert response.headers["Relink-Error-Number"] == "103"

    def test_a_batch_is_refused_in_words(self, master: GraphQL) -> None:
        assert "send each request by itself" in error(master.post([DETAILS, DETAILS]))["message"]

    @pytest.mark.parametrize("absent", ["variables", "operationName", "extensions"])
    def test_null_means_absent(self, master: GraphQL, absent: str) -> None:
        assert "errors" not in master.post({**DETAILS, absent: None}).get_json()
        assert "errors" not in master.post({**DETAILS, "extensions": {"persistedQuery": {}}}).get_json()

    def test_a_body_that_is_too_large_is_refused(self, master: GraphQL) -> None:
        assert master.post(b'{"query": "' + b" " * 1024 * 1024 + b'"}').status_code == 413
        most = json.dumps(DETAILS).encode().ljust(1024 * 1024)
        assert master.post(most).status_code == 200
        assert master.post(most + b" ").status_code == 413

    @pytest.mark.ledger("DEC-47")
    @pytest.mark.parametrize(
        "media_type",
        ["text/plain", "", "application/graphql", "application/graphql+json", "application/graphql-response+json", "x"],
    )
    def test_another_media_type(self, master: GraphQL, media_type: str) -> None:
        response = master.post(DETAILS, content_type=media_type)
        assert response.status_code == 415
        assert error(response)["message"] == f"the media type is {media_type or 'missing'}: send application/json"

    @pytest.mark.ledger("DEC-47")
    @pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8", "Utf8", '"utf-8"', '"UTF8"', "'utf-8'", ""])
    @pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
    def test_utf_8_however_it_is_named_with_and_without_a_byte_order_mark(
        self, master: GraphQL, charset: str, mark: bytes
    ) -> None:
        body = mark + json.dumps({"query": "{ viewer { details { name } } } # ü"}, ensure_ascii=False).encode()
        for media_type in (f"application/json; charset={charset}", f"Application/JSON;a=b;Charset={charset};c=d"):
            response = master.post(body, content_type=media_type)
            assert (response.status_code, response.get_json()["data"]["viewer"]["details"]["name"]) == (200, "Partner")
        assert master.post(body).status_code == 200

    @pytest.mark.parametrize("charset", ["utf-16", "UTF-16LE", "iso-8859-1", "us-ascii", "nonsense", "x" * 5000])
    def test_another_charset(self, master: GraphQL, charset: str) -> None:
        response = master.post(DETAILS, content_type=f"application/json; charset={charset}")
        assert response.status_code == 415
        assert error(response)["message"].endswith(" is not accepted: send JSON in UTF-8")

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
    def test_another_encoding(self, master: GraphQL, encoding: str) -> None:
        response = master.post(json.dumps(DETAILS).encode(encoding))
        assert response.status_code == 400
        assert error(response)["message"] == "the body is in UTF-16 or UTF-32: send JSON in UTF-8"

    @pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
    def test_bytes_that_are_not_utf_8(self, master: GraphQL, mark: bytes) -> None:
        response = master.post(mark + b'{"query": "p\xe4ss"}')
        assert response.status_code == 400
        assert error(response)["message"] == f"the body is not valid UTF-8 at byte {len(mark) + 13}"

    def test_a_content_encoding(self, master: GraphQL) -> None:
        headers = {"Authorization": f"Bearer {master.token}", "Content-Encoding": "gzip"}
        assert master.post(DETAILS, headers=headers).status_code == 415

    def test_other_methods(self, master: GraphQL) -> None:
        for method in ("GET", "PUT", "DELETE", "PROPFIND"):
            response = master.post(b"", method=method)
            # A browser gets a page with GET.
            methods = "OPTIONS, POST" if method == "GET" else "GET, HEAD, OPTIONS, POST"
            said = "only POST is allowed here" if method == "GET" else "only GET and POST are allowed here"
            assert (response.status_code, response.headers["Allow"]) == (405, methods)
            assert error(response)["message"] == said

    def test_variables_and_operation_name(self, master: GraphQL) -> None:
        query = "query A($n: Int) { users(first: $n) { edges { cursor } } } query B { viewer { details { name } } }"
        assert master.post({"query": query, "variables": {"n": 1}, "operationName": "A"}).get_json()["data"]["users"]
        assert master.post({"query": query, "operationName": "B"}).get_json()["data"]["viewer"]
        for name, shown in ((None, "Must provide operation name"), ("", "Must provide operation name"), ("C", "'C'")):
            found = error(master.post({"query": query, "operationName": name}))
            assert found["extensions"]["code"] == "invalid_query"
            assert shown in found["message"]

    def test_an_empty_operation_name_counts_as_absent(self, master: GraphQL) -> None:
        named = "query A { viewer { details { name } } }"
        for query in (DETAILS["query"], named):
            assert "errors" not in master.post({"query": query, "operationName": ""}).get_json()


class TestErrors:
    def test_an_error_has_the_documented_fields(self, master: GraphQL) -> None:
        found = error(master.post({"query": "mutation {\n  authorize(input: {userId: 1}) { accessToken }\n}"}))
        assert found["message"] == "userId: is not found"
        assert found["path"] == ["authorize"]
        assert found["locations"] == [{"line": 2, "column": 3}]
        assert found["extensions"] == {"name": "UserError", "code": "not_found"} | {
            "time_thrown": found["extensions"]["time_thrown"]
        }

    @pytest.mark.ledger("DEC-123")
    def test_absent_parts_of_an_error_are_left_out(self, master: GraphQL) -> None:
        """According to the specification, the lists `path` and `locations` are absent rather than empty."""
        assert set(error(master.post({"query": "{ nothing }"}))) == {"message", "locations", "extensions"}
        unknown_operation = {"query": DETAILS["query"], "operationName": "C"}
        assert set(error(master.post(unknown_operation))) == {"message", "extensions"}
        assert set(error(master.post({}))) == {"message", "extensions"}

    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            ({"n": "hunter2"}, ["$n", "Int cannot represent non-integer value: a string"]),
            ({"n": 7315.5}, ["$n", "Int cannot represent non-integer value: a number"]),
            ({"n": 73150000000}, ["$n", "non 32-bit signed integer value: an integer"]),
            ({"n": ["hunter2"]}, ["$n", "a list"]),
            ({"n": {"a": "hunter2"}}, ["$n", "an object"]),
        ],
    )
    def test_a_fault_in_a_variable_says_which_and_what_was_expected(
        self, master: GraphQL, given: dict[str, object], shown: list[str]
    ) -> None:
        query = "query($n: Int) { users(first: $n) { edges { cursor } } }"
        response = master.post({"query": query, "variables": given})
        found = error(response)
        assert (response.status_code, found["extensions"]["code"]) == (200, "invalid_query")
        assert found["locations"] == [{"line": 1, "column": 7}]
        assert all(words in found["message"] for words in shown), found["message"]
        assert "hunter2" not in response.text
        assert "7315" not in response.text

    @pytest.mark.ledger("DEC-124")
    def test_faults_in_an_input_say_in_which_field_without_the_values(self, anns: GraphQL) -> None:
        query = (
            "mutation($i: CreateUserAuthenticationInput!) { createUserAuthentication(input: $i) { authenticationId } }"
        )
        right: dict[str, object] = {"name": "n", "serviceId": "s", "serviceEnvironmentId": "e", "data": "{}"}
        for wrong, shown in (
            ({"data": {"password": "hunter2"}}, "at .data: Json is a string that holds JSON"),
            ({"data": 7315}, "at .data: "),
            ({"name": {"a": "hunter2"}}, "at .name: String cannot represent a non string value: an object"),
            ({"scopes": ["a", 7315]}, "at .scopes[1]: String cannot represent a non string value: an integer"),
            ({"dta": "hunter2"}, "unknown field 'dta'. Did you mean 'data'?"),
            ({"data": None, "name": "hunter2"}, "at .data: Expected value of non-null type 'Json!'"),
        ):
            response = anns.post({"query": query, "variables": {"i": {**right, **wrong}}})
            assert shown in error(response)["message"]
            assert "hunter2" not in response.text
            assert "7315" not in response.text
        del right["data"]
        response = anns.post({"query": query, "variables": {"i": {**right, "name": "hunter2"}}})
        assert "required field 'data'" in error(response)["message"]
        assert "hunter2" not in response.text
        response = anns.post({"query": query, "variables": {}})
        assert "$i" in error(response)["message"]

    def test_many_faults_in_variables_are_not_all_reported(self, anns: GraphQL) -> None:
        query = (
            "mutation($i: CreateUserAuthenticationInput!) { createUserAuthentication(input: $i) { authenticationId } }"
        )
        document = anns.document(query, i={"scopes": [1] * 10_000})
        assert 1 < len(document["errors"]) <= 11

    @pytest.mark.ledger("DEC-123")
    def test_failures_count_as_failures_in_the_metrics(self, app: Flask, master: GraphQL) -> None:
        def counted(number: int, status: int = 200) -> float:
            name = f'relink_requests_total{{error_number="{number}",service="graphql.graphql",status="{status}"}} '
            lines = app.test_client().get("/metrics").text.splitlines()
            return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

        for number, status, query in (
            (0, 200, DETAILS["query"]),
            (105, 200, "{ nothing }"),
            (101, 200, "mutation { removeAuthentication(input: {authenticationId: 1}) { clientMutationId } }"),
            (103, 400, None),
        ):
            before = counted(number, status)
            master.post({"query": query})
            assert counted(number, status) == before + 1

    @pytest.mark.ledger("DEC-121")
    @pytest.mark.parametrize("query", ["", "{", "{ nothing }", "subscription { x }", "type A { b: Int }", "{ viewer }"])
    def test_a_query_that_the_schema_does_not_have(self, master: GraphQL, query: str) -> None:
        response = master.post({"query": query})
        assert response.status_code == 200
        assert response.get_json()["errors"][0]["extensions"]["code"] == "invalid_query"

    def test_the_message_of_an_internal_error_does_not_describe_the_defect(
        self, master: GraphQL, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError("an inner matter")

        monkeypatch.setattr("app.graphql.queries.read_external_users", fail)
        found = error(master.post({"query": "{ users { edges { cursor } } }"}))
        assert found["message"].startswith("internal error, logged as request ")
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
    """Fragments, each of which uses the next one twice."""
    chain = "".join(f" fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(count))
    return f"{{ ...f0 }}{chain} fragment f{count} on Query {{ {last} }}"


class TestTooMuch:
    @pytest.mark.ledger("DEC-129")
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
    def test_an_expensive_query_is_refused_soon(self, master: GraphQL, query: str) -> None:
        began = time.process_time()
        document = master.document(query)
        assert time.process_time() - began < QUICK
        assert document["data"] is None
        assert {found["extensions"]["code"] for found in document["errors"]} <= {"invalid_query", "invalid_input"}

    def test_deep_variables(self, master: GraphQL) -> None:
        body = '{"query": "query($c: UserSearchCriteria) { users(criteria: $c) { edges { cursor } } }", "variables": '
        for levels in (90, 900):
            nest = '{"c": ' + "[" * levels + "]" * levels + "}}"
            assert master.post((body + nest).encode()).status_code in (200, 400)

    @pytest.mark.ledger("DEC-129")
    def test_introspection_is_allowed(self, master: GraphQL, anns: GraphQL) -> None:
        for client in (master, anns):
            assert client.data(get_introspection_query())["__schema"]["queryType"]["name"] == "Query"
