"""The log lines of the audit, and the warning about a proxy that the settings do not know."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from app.application import create_app
from app.settings import Settings
from tests.support.http import ADMIN, PASSWORD, Client, message

NODE = message("GetNode", {"nodeVersionReference": "system"})
NEW = {"userLogonReferenceCreate": "new", "passwordCreate": "a n3w s3cret"}


@pytest.mark.ledger("PRO-41")
def test_changes_and_sign_ins_are_log_lines_without_secrets(client: Client) -> None:
    with capture_logs() as lines:
        client.as_user(None).post(NODE, auth=(ADMIN, "a wrong s3cret"))
        client.post(message("CreateUser", NEW), environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    audited = [line for line in lines if line["event"] == "audit"]
    shown = [(line["action"], line["actor_kind"], line["address"], line.get("object")) for line in audited]
    assert shown == [
        ("sign-in-refused", "public", "127.0.0.1", ADMIN),
        ("sign-in", "user", "192.0.2.1", None),
        ("user-created", "user", "192.0.2.1", "new"),
    ]
    assert "s3cret" not in str(lines)
    assert PASSWORD not in str(lines)


@pytest.mark.ledger("PRO-41")
def test_the_lines_of_a_request_say_which_request_who_and_from_where(client: Client) -> None:
    with capture_logs([merge_contextvars]) as lines:
        client.post(message("CreateUser", NEW), headers={"X-Request-Id": "r-1"})
        client.as_user(None).post(NODE, headers={"X-Request-Id": "r-2"})
    shown = [(line["event"], line["request_id"], line["address"], line.get("user")) for line in lines]
    [(_, _, _, admin), *_] = shown
    assert admin is not None
    assert shown == [
        ("audit", "r-1", "127.0.0.1", admin),
        ("audit", "r-1", "127.0.0.1", admin),
        ("request", "r-1", "127.0.0.1", admin),
        ("request", "r-2", "127.0.0.1", None),
    ]
    assert {line["path"] for line in lines if line["event"] == "request"} == {"/service"}


@pytest.mark.ledger("PRO-41")
def test_a_change_that_is_undone_is_not_in_the_audit(client: Client) -> None:
    client.get("system")
    with capture_logs() as lines:
        assert client.post(message("CreateUser", {**NEW, "userLogonReferenceCreate": ADMIN})).number == 105
    assert [line for line in lines if line["event"] == "audit"] == []


def test_a_change_whose_commit_fails_is_not_in_the_audit(client: Client, engine: Engine) -> None:
    client.get("system")
    with engine.begin() as connection:
        connection.connection.cursor().execute(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
            CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON account DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION refuse();
            """
        )
    with capture_logs() as lines:
        assert client.post(message("CreateUser", NEW)).number == 100
    assert [line for line in lines if line["event"] == "audit"] == []
    with engine.begin() as connection:
        connection.execute(text("DROP FUNCTION refuse CASCADE"))
    with capture_logs() as lines:
        assert client.post(message("CreateUser", NEW)).number == 0
    assert [line["action"] for line in lines if line["event"] == "audit"] == ["user-created"]


@pytest.mark.parametrize(
    ("proxies", "header", "warnings"),
    [(0, "X-Forwarded-For", 1), (0, "Forwarded", 1), (0, "X-Real-IP", 1), (1, "X-Forwarded-For", 0), (0, None, 0)],
)
def test_a_proxy_that_is_not_trusted_is_reported_once(
    app: Flask, engine: Engine, proxies: int, header: str | None, warnings: int
) -> None:
    client = Client(create_app(Settings(trusted_proxies=proxies), engine), None)
    headers = {} if header is None else {header: "192.0.2.1"}
    with capture_logs() as lines:
        for _ in range(3):
            client.post(NODE, headers=headers)
    assert len([line for line in lines if "RELINK_TRUSTED_PROXIES" in line["event"]]) == warnings
