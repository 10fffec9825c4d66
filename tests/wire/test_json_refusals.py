"""Requests in JSON or by parameters that are refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from app.services.registry import SERVICES
from tests.support.http import ADMIN, PASSWORD, Client, assert_json_failure, checked
from tests.wire.test_json import get, post, widgets

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def store(client: Client) -> Client:
    return widgets(client)


@pytest.mark.ledger("DEC-177")
def test_get_changes_nothing(store: Client) -> None:
    before = store.get("P.A").response.data
    response = get(store.app, "/servicejson/UpdateNodeVersions", nodeReference="P", action="force")
    assert_json_failure(response, 405, 103, "GET changes nothing", "the action force")
    assert response.headers["Allow"] == "POST"
    assert get(store.app, "/servicejson/UpdateNodeVersions", nodeReference="P").status_code == 200
    assert_json_failure(get(store.app, "/servicejson/SetNode", action="create"), 405, 103)
    assert checked(get(store.app, "/service/FreezeNode", nodeReference="P.B", action="force")).status == 405
    assert checked(get(store.app, "/service/CreatePermission", objectReference="P.B")).status == 405
    assert store.get("P.A").response.data == before


def test_the_services_that_change_something_take_no_get(reader: Client) -> None:
    by_get = {
        name for name in SERVICES if get(reader.app, f"/servicejson/{name}").headers["Relink-Error-Number"] != "103"
    }
    assert by_get == {
        "ChangeNodeType",
        "CompareNodeVersions",
        "CompareSolutionReleases",
        "FreezeNode",
        "GetAuditList",
        "GetEffectivePermissions",
        "GetNode",
        "GetPermissionList",
        "GetSolution",
        "GetSolutionInstances",
        "ListNodeVersions",
        "ListNodes",
        "ListSolutionReleases",
        "ListSolutions",
        "ListTokens",
        "ListUsers",
        "PreviewSolutionRelease",
        "Search",
        "SetNode",
        "UpdateNodeVersions",
        "UpdateSolutionInstances",
        "WhereUsed",
    }


@pytest.mark.parametrize(
    ("body", "status", "number", "shown"),
    [
        ("", 400, 103, "line 1, column 1"),
        ("{", 400, 103, "not JSON"),
        ('{"a": NaN}', 400, 103, "NaN"),
        ("[]", 400, 103, "must be a JSON object"),
        ('"text"', 400, 103, "must be a JSON object"),
        ("[" * 100_000, 400, 103, "nested too deep"),
        ('{"a":' * 40 + "1" + "}" * 40, 400, 103, "nested more than 32 deep"),
        (b"\xff{}", 400, 103, "not valid UTF-8"),
        ("{}".encode("utf-16"), 400, 103, "UTF-16"),
        ('{"x y": 1}', 400, 105, "'x y' is not the name of an element"),
        ('{"": 1}', 400, 105, "is not the name"),
        ('{"nodeVersionReference><x": 1}', 400, 105, "is not the name"),
        ('{"nodeVersionReference": "a\\u0000"}', 400, 105, "XML cannot hold"),
        ('{"nodeVersionReference": "\\ud800"}', 400, 105, "XML cannot hold"),
        ('{"nodeVersionReference": [["a"]]}', 400, 105, "an array in an array"),
        ('{"nodeVersionReference": ["a", "b"]}', 400, 105, "nodeVersionReference"),
        ('{"nodeVersionReference": "a", "nodeVersionReference": "b"}', 400, 105, "nodeVersionReference"),
        ('{"nodeVersionReference": {"a": 1}}', 400, 105, "nodeVersionReference"),
        ('{"nodeVersionIdentifier": 1.5}', 400, 105, "nodeVersionIdentifier"),
        ('{"nodeVersionIdentifier": %s}' % ("9" * 10_000), 400, 105, "nodeVersionIdentifier"),
        ('{"nodeVersionIdentifier": true}', 400, 105, "nodeVersionIdentifier"),
        ('{"none": null, "other": 1}', 400, 105, "other"),
    ],
)
def test_a_body_that_is_not_a_request_is_refused(
    reader: Client, body: str | bytes, status: int, number: int, shown: str
) -> None:
    response = post(reader.app, "GetNode", body)
    failure = assert_json_failure(response, status, number)
    assert shown in failure["errorDescription"]


@pytest.mark.parametrize(
    ("options", "status", "shown"),
    [
        ({"content_type": "application/json; charset=utf-16"}, 415, "UTF-8"),
        ({"headers": {"Content-Encoding": "gzip"}}, 415, "content encoding"),
        ({"content_type": "text/plain"}, 415, "application/json"),
        ({"content_type": FORM, "headers": {"Sec-Fetch-Site": "cross-site"}}, 403, "another site"),
    ],
)
def test_other_bodies_are_refused(reader: Client, options: dict[str, Any], status: int, shown: str) -> None:
    assert_json_failure(post(reader.app, "GetNode", "{}", **options), status, 103, shown)


@pytest.mark.parametrize(
    ("parameters", "shown"),
    [
        ("nodeVersionReference=a&nodeVersionReference=b", "more than once"),
        ("a/=1", "is not a path"),
        ("/a=1", "is not a path"),
        ("a[0]=1", "is not a path"),
        ("a[01]=1", "is not a path"),
        ("a[1234567]=1", "is not a path"),
        ("a b=1", "is not a path"),
        ("=1", "is not a path"),
        ("a/" * 40 + "a=1", "is not a path"),
        ("a=1&a/b=2", "leads through"),
        ("a/b=1&a=2", "has a value, and elements"),
        ("none=1", "none"),
        ("nodeVersionReference=%00", "XML cannot hold"),
    ],
)
def test_parameters_that_do_not_form_a_request_are_refused(reader: Client, parameters: str, shown: str) -> None:
    response = reader.app.test_client().get(
        "/servicejson/GetNode", query_string=quote(parameters, safe="=&%"), auth=(ADMIN, PASSWORD)
    )
    failure = assert_json_failure(response, 400, 105)
    assert shown in failure["errorDescription"]


@pytest.mark.parametrize("query", ["a=%ff", "a=\u00e9", "&".join(f"a[{n}]=1" for n in range(1, 5002))])
def test_a_query_that_cannot_be_read_is_refused(reader: Client, query: str) -> None:
    for path in ("/servicejson/GetNode", "/service/GetNode"):
        response = reader.app.test_client().post(path, data=query.encode(), content_type=FORM)
        assert (response.status_code, response.headers["Relink-Error-Number"]) == (400, "103")


def test_a_password_is_not_taken_from_a_query(reader: Client) -> None:
    for path in ("/servicejson/GetNode", "/service/GetNode"):
        response = reader.app.test_client().get(f"{path}?userLogonReference=admin&password={quote(PASSWORD)}")
        assert response.status_code == 400
        assert "HTTP Basic" in response.text
    body = {"userLogonReference": ADMIN, "password": PASSWORD, "nodeVersionReference": "P.A"}
    assert post(reader.app, "GetNode", body, user=None).get_json()["errorNumber"] == 0
    assert post(reader.app, "GetNode", {**body, "password": "wrong"}, user=None).get_json()["errorNumber"] == 101


def test_large_requests(reader: Client) -> None:
    """A small request is cheap. A larger one is parsed only for a user who has signed in, up to the limit."""
    large = {"nodeVersionReference": "P.A", "none": "x" * 70_000}
    assert "HTTP Basic" in post(reader.app, "GetNode", large, user=None).get_json()["errorDescription"]
    assert_json_failure(post(reader.app, "GetNode", large), 400, 105, "none")
    for text in (json.dumps({"a": "x" * 1024 * 1024}), json.dumps({"n" * 100: [1] * 100_000})):
        assert_json_failure(post(reader.app, "GetNode", text), 413, 103, "bytes")


@pytest.mark.parametrize("path", ["/servicejson", "/servicejson/", "/servicejson/None", "/servicejson/GetNode/x"])
def test_unknown_addresses_fail_in_json(reader: Client, path: str) -> None:
    assert_json_failure(get(reader.app, path), 404, 102)


def test_other_methods_fail_in_json(reader: Client) -> None:
    response = reader.app.test_client().put("/servicejson/GetNode")
    assert_json_failure(response, 405, 103, "only GET and POST are allowed here")
