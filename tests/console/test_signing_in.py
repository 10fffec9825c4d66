"""Signing in and out, and what ends a session."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from app.application import create_app
from app.settings import Settings
from tests.support.http import ADMIN, PASSWORD, SECRET_KEY, Client, message
from tests.support.pages import Pages

COOKIE = "relink-session"
MakeUser = Callable[..., None]


def cookie(pages: Pages) -> str | None:
    found = pages.client.get_cookie(COOKIE)
    return None if found is None else found.value


def test_a_page_leads_to_the_sign_in_and_from_there_back_to_the_page(app: Flask) -> None:
    pages = Pages(app)
    asked = pages.get("/console?from=here")
    assert (asked.status, asked.title) == (200, "Sign in")
    assert asked.sections == []
    signed_in = pages.send(asked, "/console/sign-in", user=ADMIN, password=PASSWORD)
    assert (signed_in.title, signed_in.address) == ("Home", "/console?from=here")
    assert "Home" in signed_in.sections


@pytest.mark.ledger("DEC-251")
def test_an_address_without_a_page_is_recognised_only_by_signed_in_users(app: Flask) -> None:
    assert Pages(app).get("/console/nothing").title == "Sign in"
    page = Pages.of(app).get("/console/nothing", headers={"X-Request-Id": "of-mine"})
    assert (page.status, page.title) == (404, "Not found")
    assert "of-mine" in page.text
    assert "Home" in page.sections


def test_a_wrong_password_is_reported_in_the_form_and_not_repeated(app: Flask) -> None:
    page = Pages(app).sign_in(ADMIN, "<b>wrong</b>")
    assert (page.status, page.title) == (403, "Sign in")
    assert page.texts("[role=alert]") == ["the user id or password is not right"]
    assert page.form("/console/sign-in") == {**page.form("/console/sign-in"), "user": ADMIN, "password": ""}
    assert "wrong" not in page.response.text


def test_too_many_failures_are_refused_for_a_while(engine: Engine, app: Flask) -> None:
    few = create_app(Settings(secret_key=SECRET_KEY, sign_in_failures_per_account=2), engine)
    pages = Pages(few)
    for _ in range(2):
        assert pages.sign_in(ADMIN, "not it").status == 403
    refused = pages.sign_in()
    assert refused.status == 429
    assert int(refused.response.headers["Retry-After"]) > 0
    assert "too many failed sign-ins" in refused.text


@pytest.mark.ledger("DEC-250")
def test_the_session_has_another_token_than_the_form(app: Flask) -> None:
    """Somebody who knows the token of the form does not know the token of the session."""
    pages = Pages(app)
    pages.get("/console/sign-in")
    before = cookie(pages)
    pages.sign_in()
    assert cookie(pages) not in (None, before)
    other = Pages(app)
    other.client.set_cookie(COOKIE, before or "")
    assert other.get("/console").title == "Sign in"


def test_signing_in_again_ends_the_session_before(app: Flask) -> None:
    pages = Pages.of(app)
    first = cookie(pages)
    page = pages.get("/console")
    pages.post("/console/sign-in", {**page.form("/console/sign-out"), "user": ADMIN, "password": PASSWORD})
    assert cookie(pages) != first
    other = Pages(app)
    other.client.set_cookie(COOKIE, first or "")
    assert other.get("/console").title == "Sign in"


def test_the_cookie_is_kept_from_scripts_and_other_sites(app: Flask) -> None:
    pages = Pages(app)
    form = pages.get("/console/sign-in").form("/console/sign-in")
    given = {**form, "user": ADMIN, "password": PASSWORD}
    plain = pages.post("/console/sign-in", given).headers["Set-Cookie"]
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    assert "Secure" not in plain
    form = pages.get("/console").form("/console/sign-out")
    given = {**form, "user": ADMIN, "password": PASSWORD}
    behind_https = pages.post("/console/sign-in", given, base_url="https://localhost").headers["Set-Cookie"]
    assert "Secure" in behind_https


@pytest.mark.ledger("DEC-250")
def test_tokens_are_not_stored(app: Flask, engine: Engine) -> None:
    pages = Pages.of(app)
    with engine.begin() as connection:
        (stored,) = connection.execute(text("SELECT s::text FROM user_session s")).scalars()
    assert (cookie(pages) or "").encode().hex() not in stored
    assert (cookie(pages) or "?") not in stored


@pytest.mark.ledger("DEC-250")
def test_signing_out_ends_the_session(app: Flask) -> None:
    pages = Pages.of(app)
    token = cookie(pages)
    assert pages.send(pages.get("/console"), "/console/sign-out").title == "Sign in"
    assert cookie(pages) != token
    pages.client.set_cookie(COOKIE, token or "")
    assert pages.get("/console").title == "Sign in"


@pytest.mark.ledger("DEC-250")
@pytest.mark.parametrize("again", [False, True], ids=["disabled", "enabled again"])
def test_a_disabled_user_has_no_session(app: Flask, client: Client, make_user: MakeUser, again: bool) -> None:
    make_user("ann")
    pages = Pages.of(app, "ann")
    for action in ("disable", "enable")[: 1 + again]:
        given = {"userLogonReferenceUpdate": "ann", "action": action}
        assert client.post(message("UpdateUserStatus", given)).number == 0
    assert pages.get("/console").title == "Sign in"


@pytest.mark.ledger("DEC-250")
def test_a_new_password_ends_all_sessions(app: Flask, client: Client, make_user: MakeUser) -> None:
    make_user("ann")
    sessions = [Pages.of(app, "ann"), Pages.of(app, "ann")]
    given = {"userLogonReferenceUpdate": "ann", "newPassword": "another one"}
    assert client.post(message("UpdatePassword", given)).number == 0
    assert [pages.get("/console").title for pages in sessions] == ["Sign in", "Sign in"]


@pytest.mark.ledger("DEC-250")
@pytest.mark.parametrize("column", ["last_used_at", "created_at"])
def test_a_session_ends_when_it_is_not_used_or_is_old(app: Flask, engine: Engine, column: str) -> None:
    pages = Pages.of(app)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE user_session SET {column} = now() - interval '8 days'"))
    assert pages.get("/console").title == "Sign in"


def test_the_use_of_a_session_is_recorded(app: Flask, engine: Engine) -> None:
    pages = Pages.of(app)
    with engine.begin() as connection:
        connection.execute(text("UPDATE user_session SET last_used_at = now() - interval '11 hours'"))
    assert pages.get("/console").title == "Home"
    with engine.begin() as connection:
        assert connection.execute(
            text("SELECT now() - last_used_at < interval '1 hour' FROM user_session")
        ).scalar_one()


@pytest.mark.parametrize("cookie_value", ["", "x", "a" * 43, "'; DROP TABLE node; --", "\x7f", "é"])
def test_an_invalid_cookie_identifies_no_user(app: Flask, cookie_value: str) -> None:
    pages = Pages(app)
    pages.client.set_cookie(COOKIE, cookie_value)
    assert pages.get("/console").title == "Sign in"


@pytest.mark.ledger("DEC-251")
@pytest.mark.parametrize(
    "following",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/\t/evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "console",
        "/console/sign-out",
        "/é",
        "http:evil.example",
        "/" + "a" * 3000,
    ],
)
def test_the_sign_in_leads_to_our_own_pages_only(app: Flask, following: str) -> None:
    pages = Pages(app)
    form = pages.get("/console/sign-in").form("/console/sign-in")
    given = {**form, "user": ADMIN, "password": PASSWORD, "next": following}
    assert pages.post("/console/sign-in", given).headers["Location"] == "/console"
    assert pages.client.get("/console/sign-in", query_string={"next": following}).headers["Location"] == "/console"
