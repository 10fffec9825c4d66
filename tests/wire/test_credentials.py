"""How a request is signed in, and how wrong credentials are refused."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine

from app.application import create_app
from app.settings import Settings
from tests.support.http import ADMIN, PASSWORD, Client, Reply, assert_json_failure, checked, message

WRONG = "wrong horse"
NODE = {"nodeVersionReference": "P.A"}


@pytest.fixture
def nobody(reader: Client) -> Client:
    """A client that sends no credentials by itself."""
    return reader.as_user(None)


def signed(logon: str | None, password: str | None) -> str:
    given = {"userLogonReference": logon, "password": password}
    return message("GetNode", {**NODE, **{name: text for name, text in given.items() if text is not None}})


def test_credentials_in_the_message_sign_in(nobody: Client) -> None:
    assert nobody.post(signed(ADMIN, PASSWORD)).number == 0
    assert nobody.post(signed(f" {ADMIN}\n", PASSWORD)).number == 0


def test_http_basic_signs_in(nobody: Client) -> None:
    assert nobody.post(message("GetNode", NODE), auth=(ADMIN, PASSWORD)).number == 0


def test_credentials_in_the_message_win(nobody: Client) -> None:
    assert nobody.post(signed(ADMIN, PASSWORD), auth=(ADMIN, WRONG)).number == 0
    assert nobody.post(signed(ADMIN, PASSWORD), headers={"Authorization": "nonsense"}).number == 0
    for logon, password in ((ADMIN, WRONG), (ADMIN, None), (None, PASSWORD), ("nobody", PASSWORD)):
        assert nobody.post(signed(logon, password), auth=(ADMIN, PASSWORD)).number == 101


def test_empty_credentials_in_the_message_leave_it_to_http_basic(nobody: Client) -> None:
    assert nobody.post(signed("", ""), auth=(ADMIN, PASSWORD)).number == 0
    assert nobody.post(signed(" \n", None), auth=(ADMIN, PASSWORD)).number == 0


def test_without_credentials_the_rights_are_those_of_public(nobody: Client) -> None:
    assert nobody.post(message("GetNode", NODE)).number == 101
    assert nobody.post(message("GetNode", {"nodeVersionReference": "system"})).number == 0


def test_a_refused_sign_in_does_not_reveal_the_reason(nobody: Client) -> None:
    replies = [
        nobody.post(signed(ADMIN, WRONG)),
        nobody.post(signed("nobody", WRONG)),
        nobody.post(signed("nobody", PASSWORD)),
        nobody.post(signed("no body at all", PASSWORD)),
        nobody.post(message("GetNode", NODE), auth=(ADMIN, WRONG)),
        nobody.post(message("GetNode", NODE), auth=("nobody", "")),
    ]
    assert {(reply.status, reply.number, reply.response.text) for reply in replies} == {
        (200, 101, replies[0].response.text)
    }


def basic(text: str | bytes) -> str:
    return "Basic " + base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YWRtaW4",
        basic("admin"),
        basic(":"),
        basic(b"\xff\xfe:\xff"),
        basic("admin\0:correct horse"),
        "Bearer correct horse",
        'Digest username="admin"',
        basic("admin:correct horse") + "x=y",
        "\u00e9",
        "Basic " + "A" * 60_000,
    ],
)
def test_a_malformed_authorization_is_a_refused_sign_in(reader: Client, header: str) -> None:
    reply = reader.as_user(None).post(
        message("GetNode", {"nodeVersionReference": "system"}), environ_overrides={"HTTP_AUTHORIZATION": header}
    )
    assert (reply.status, reply.number) == (200, 101)
    assert reply.text("errorDescription") == "the user id or password is not right"


def failing(app: Flask, times: int) -> list[Reply]:
    client = Client(app, None)
    return [client.post(signed(ADMIN, f"{WRONG} {attempt}")) for attempt in range(times)]


def test_too_many_failures_are_throttled(app: Flask, engine: Engine, make_user: Callable[..., None]) -> None:
    make_user("other")
    throttling = create_app(Settings(sign_in_failures_per_account=3), engine)
    assert [reply.status for reply in failing(throttling, 4)] == [200, 200, 200, 429]
    reply = Client(throttling).post(message("GetNode", NODE))
    assert (reply.status, reply.number, reply.tree.tag) == (429, 101, "GetNode")
    assert 0 < int(reply.response.headers["Retry-After"]) <= 900
    assert Client(throttling, "other").post(message("GetNode", NODE)).status == 200


def test_an_address_is_throttled_whatever_accounts_it_tries(app: Flask, engine: Engine) -> None:
    throttling = create_app(Settings(sign_in_failures_per_address=3), engine)
    client = Client(throttling, None)
    attempts = [client.post(signed(f"nobody{number}", WRONG)).status for number in range(4)]
    assert attempts == [200, 200, 200, 429]
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.post(signed(ADMIN, PASSWORD), environ_overrides=elsewhere).status == 200
    assert client.post(message("GetNode", NODE)).status == 200


@pytest.mark.parametrize("path", ["/runs", "/runs/1", "/runs/1/response"])
def test_runs_are_throttled_as_well(app: Flask, engine: Engine, path: str) -> None:
    throttling = create_app(Settings(sign_in_failures_per_account=2), engine)
    failing(throttling, 2)
    response = throttling.test_client().get(path, auth=(ADMIN, PASSWORD))
    if path.endswith("/response"):
        assert (checked(response).status, checked(response).number) == (429, 101)
    else:
        assert_json_failure(response, 429, 101, "try again in")
    assert 0 < int(response.headers["Retry-After"]) <= 900


@pytest.mark.parametrize(
    "path",
    [
        "/service?password=my-secret",
        "/service/GetNode?userLogonReference=admin&password=my-secret",
        "/service/CreateUser?passwordCreate=my-secret",
        "/service/GetNode?PASSWORD=my-secret",
        "/service/GetNode?a/b/password=my-secret",
        "/service/GetNode?password[1]=my-secret",
        "/service/GetNode?sessionToken=my-secret",
        "/runs?password=my-secret",
        "/healthz?password=my-secret",
        "/nothing?password=my-secret",
        "/service/GetNode?password",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_query_string_never_carries_a_password(reader: Client, path: str, method: str) -> None:
    response = reader.app.test_client().open(
        path, method=method, data=message("GetNode", NODE), content_type="application/xml"
    )
    assert response.status_code == 400
    assert "HTTP Basic" in response.text
    assert "my-secret" not in response.text


SECRETS = (
    "s3cret-in-message",
    "s3cret-in-basic",
    "s3cret-of-new-user",
    "s3cret-too-long",
    "s3cret-in-query",
    "s3cret-bearer",
)
SERVER = """
import os
from app.application import create_app
from app.database.engine import make_engine
from app.logs import configure_logs
from app.settings import Settings

configure_logs()
client = create_app(Settings(), make_engine(os.environ["RELINK_DATABASE_URL"])).test_client()
xml = {"content_type": "application/xml"}
admin = "<userLogonReference>admin</userLogonReference><password>correct horse</password>"
new = "<userLogonReferenceCreate>new</userLogonReferenceCreate><passwordCreate>s3cret-of-new-user</passwordCreate>"
client.post("/service", data="<GetNode><password>s3cret-in-message</password></GetNode>", **xml)
client.post("/service", data="<GetNode><password>s3cret-in-message</GetNode>", **xml)
client.post("/service", data="<GetNode/>", auth=("admin", "s3cret-in-basic"), **xml)
client.post("/service", data="<GetNode/>", headers={"Authorization": "Bearer s3cret-bearer"}, **xml)
client.post("/service", data=f"<CreateUser>{admin}{new}</CreateUser>", **xml)
client.post("/service", data=f"<CreateUser>{admin}{new}</CreateUser>", **xml)
client.post("/service", data=f"<CreateUser><password>{'s3cret-too-long' * 100}</password></CreateUser>", **xml)
client.post("/service?password=s3cret-in-query", data="<GetNode/>", **xml)
away = create_app(Settings(), make_engine("postgresql://user:s3cret-of-database@127.0.0.1:1/none")).test_client()
away.post("/service", data=f"<CreateUser>{admin}{new}</CreateUser>", **xml)
away.get("/readyz")
"""


@pytest.mark.ledger("PRO-9")
def test_no_password_comes_into_a_log(app: Flask, database_url: str) -> None:
    environment = {**os.environ, "RELINK_DATABASE_URL": database_url}
    done = subprocess.run([sys.executable, "-c", SERVER], env=environment, capture_output=True, text=True, check=True)
    log = done.stdout + done.stderr
    assert log.count('"event": "request"') == 10
    assert "the database is not available" in log
    assert "s3cret" not in log
    assert PASSWORD not in log
