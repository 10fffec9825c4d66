"""What happens around every request: ids, URLs, methods, and an unavailable database."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.application import create_app
from app.database.engine import make_engine
from app.settings import Settings
from tests.support.http import ADMIN, PASSWORD, Client, assert_json_failure, checked, message
from tests.wire.test_intake import GET_SYSTEM, assert_refused

PATHS = ("/service", "/service/GetNode", "/nothing", "/healthz", "/schemas/", "/runs", "/runs/1")


def asked(client: Client, path: str, method: str = "GET", **options: object) -> TestResponse:
    return client.app.test_client().open(path, method=method, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["a", "4bf92f3577b34da6a3ce929d0e0e4736", "my.request_1-2", "A" * 64])
def test_a_sane_request_id_is_echoed(reader: Client, given: str) -> None:
    for path in PATHS:
        assert asked(reader, path, headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize(
    "given", ["", " ", "a b", "A" * 65, "a\r\nSet-Cookie: x=1", "a\n", "\u00e9", "<x>", "a;b", "../a"]
)
def test_any_other_request_id_is_replaced(reader: Client, given: str) -> None:
    for path in PATHS:
        response = asked(reader, path, environ_overrides={"HTTP_X_REQUEST_ID": given})
        assert len(response.headers["X-Request-Id"]) == 32
        assert "Set-Cookie" not in response.headers


def test_every_request_has_an_id_of_its_own(reader: Client) -> None:
    ids = {asked(reader, path).headers["X-Request-Id"] for path in PATHS}
    assert len(ids) == len(PATHS)


@pytest.mark.parametrize("path", ["/", "/nothing", "/service/", "/service/GetNode/x", "/Service", "/Runs", "/%00"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_url_is_not_found(reader: Client, path: str, method: str) -> None:
    reply = checked(asked(reader, path, method))
    assert_refused(reply, 404, 102, "Error")


def test_the_error_for_an_unknown_url_names_it_and_the_existing_addresses(reader: Client) -> None:
    for path, shown in (("/nope", "'/nope'"), ("/%00", "'/\\x00'"), (f"/{'x' * 5000}", f"'/{'x' * 99}...'")):
        assert_refused(
            checked(asked(reader, path)),
            404,
            102,
            "Error",
            f"nothing at {shown}",
            "POST /service",
            "/runs",
            "/schemas/",
        )
    assert_json_failure(asked(reader, "/runs/1/x"), 404, 102, "nothing at '/runs/1/x'")
    for path, number in (("/runs/abc", "abc"), ("/runs/-1", "-1"), ("/runs/%D9%A3/response", "\u0663")):
        reported = f"'{number}' is not the number of a run: write it as in /runs/1"
        response = asked(reader, path)
        assert response.status_code == 404
        assert reported in response.text


@pytest.mark.ledger("DEC-122")
@pytest.mark.parametrize("path", ["/runs/x", "/runs/-1", "/runs/", "/healthz/x", "/readyz/x"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_below_an_endpoint_that_returns_json_an_unknown_url_is_not_found_in_json(
    reader: Client, path: str, method: str
) -> None:
    assert_json_failure(asked(reader, path, method), 404, 102)


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/graphql/x", "GET", 404), ("/graphql?password=x", "POST", 400), ("/graphql", "GET", 405)],
)
def test_whatever_fails_at_graphql_fails_in_its_format(reader: Client, path: str, method: str, status: int) -> None:
    response = asked(reader, path, method)
    assert (response.status_code, response.mimetype) == (status, "application/json")
    (error,) = response.get_json()["errors"]
    assert error["extensions"]["code"] == "invalid_request"
    assert response.headers["Relink-Error-Number"] == "103"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_an_address_without_a_service_accepts_only_post(reader: Client, method: str) -> None:
    reply = checked(asked(reader, "/service", method, data=GET_SYSTEM, content_type="application/xml"))
    assert_refused(reply, 405, 103, "Error", "POST")
    assert reply.text("errorDescription") == "only POST is allowed here"
    assert reply.response.headers["Allow"] == "OPTIONS, POST"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "BREW"])
@pytest.mark.parametrize(("path", "root"), [("/service/GetNode", "GetNode"), ("/service/X", "Error")])
def test_services_accept_only_get_and_post(reader: Client, method: str, path: str, root: str) -> None:
    reply = checked(asked(reader, path, method, data=GET_SYSTEM, content_type="application/xml"))
    assert_refused(reply, 405, 103, root, "only GET and POST are allowed here")
    assert reply.response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_several_allowed_methods_are_listed(reader: Client) -> None:
    assert_json_failure(asked(reader, "/runs/1", "PUT"), 405, 103, "only DELETE and GET are allowed here")
    assert_json_failure(asked(reader, "/runs", "PUT"), 405, 103, "only GET is allowed here")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/runs", "/schemas/", "/schemas/common.xsd"])
def test_pages_that_only_read_accept_only_get(reader: Client, path: str) -> None:
    for method in ("POST", "PUT", "DELETE"):
        response = asked(reader, path, method)
        if path in ("/healthz", "/readyz", "/runs"):
            assert_json_failure(response, 405, 103)
        else:
            assert_refused(checked(response), 405, 103, "Error")
        assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_options_returns_the_methods(reader: Client) -> None:
    for path, methods in (("/service", {"POST", "OPTIONS"}), ("/runs/1", {"GET", "HEAD", "DELETE", "OPTIONS"})):
        response = asked(reader, path, "OPTIONS")
        assert response.status_code == 200
        assert {method.strip() for method in response.headers["Allow"].split(",")} == methods


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/runs", "/runs/1", "/schemas/", "/service", "/nothing"]
)
def test_head_returns_what_get_does_without_a_body(reader: Client, path: str) -> None:
    got, headed = (asked(reader, path, method, auth=(ADMIN, PASSWORD)) for method in ("GET", "HEAD"))
    assert headed.status_code == got.status_code
    assert headed.content_type == got.content_type
    assert headed.data == b""


def test_no_response_may_be_sniffed_as_another_type(reader: Client) -> None:
    for path in PATHS:
        assert asked(reader, path).headers["X-Content-Type-Options"] == "nosniff"


@pytest.fixture
def away() -> Flask:
    """The application on a database that does not respond."""
    return create_app(Settings(), make_engine("postgresql://nobody:nothing@127.0.0.1:1/none"))


@pytest.mark.parametrize("service", ["GetNode", "UpdateNodeVersions", "FreezeNode", "CopyNode"])
@pytest.mark.parametrize("user", [ADMIN, None])
def test_services_return_503_while_the_database_is_away(away: Flask, service: str, user: str | None) -> None:
    reference = {"CopyNode": "nodeVersionReferenceFrom", "GetNode": "nodeVersionReference"}.get(
        service, "nodeReference"
    )
    reply = Client(away, user).post(message(service, {reference: "system"}))
    assert_refused(reply, 503, 100, service, "try again")
    assert int(reply.response.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in reply.response.text


def test_runs_return_503_while_the_database_is_away(away: Flask) -> None:
    for path in ("/runs", "/runs/1"):
        response = away.test_client().get(path, auth=(ADMIN, PASSWORD))
        assert_json_failure(response, 503, 100, "try again")
        assert "Retry-After" in response.headers
    reply = checked(away.test_client().get("/runs/1/response", auth=(ADMIN, PASSWORD)))
    assert_refused(reply, 503, 100, "Error")
    assert "Retry-After" in reply.response.headers


def test_while_the_database_is_away_the_process_is_healthy_and_not_ready(away: Flask) -> None:
    client = away.test_client()
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, int(ready.headers["Retry-After"]) > 0) == (503, True)
    assert client.get("/schemas/").status_code == 200


def test_with_a_database_the_process_is_ready(reader: Client) -> None:
    assert asked(reader, "/readyz").status_code == 200


def test_metrics_name_services_and_nothing_that_a_client_named(reader: Client) -> None:
    reader.post(GET_SYSTEM)
    reader.post("<Unheard-of/>")
    reader.post(GET_SYSTEM, "/service/Unheard-of")
    asked(reader, "/Unheard-of", "BREW")
    metrics = asked(reader, "/metrics").text
    assert 'relink_requests_total{error_number="0",service="GetNode",status="200"}' in metrics
    assert "Unheard-of" not in metrics
