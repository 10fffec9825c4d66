"""UpdatePassword: users change their own passwords with the old ones. A wrong one counts as a failed sign-in."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from app.application import create_app
from app.settings import Settings
from tests.services.test_taking_back import NEW, MakeUser, ask, rows, signs_in, status
from tests.support.http import PASSWORD, Client


@pytest.fixture
def store(client: Client, make_user: MakeUser) -> Client:
    make_user("owner")
    make_user("user")
    return client


@pytest.mark.ledger("DEC-46")
def test_users_change_their_own_password_with_the_old_one(store: Client) -> None:
    user = store.as_user("user")
    for old in ({}, {"oldPassword": "a wrong one"}):
        reply = ask(user, "UpdatePassword", newPassword=NEW, **old)
        assert (reply.number, reply.text("errorFields")) == (105, "oldPassword")
    reply = ask(user, "UpdatePassword", newPassword="short", oldPassword=PASSWORD)
    assert (reply.number, reply.text("errorFields")) == (105, "newPassword")
    assert signs_in(store, "user")
    given = {"userLogonReferenceUpdate": "user", "oldPassword": PASSWORD, "newPassword": NEW}
    assert ask(user, "UpdatePassword", **given).number == 0
    assert signs_in(store, "user", NEW)


@pytest.mark.ledger("DEC-415")
def test_wrong_old_passwords_count_as_failed_sign_ins(store: Client, engine: Engine) -> None:
    strict = Client(create_app(Settings(sign_in_failures_per_account=2), engine))
    user = strict.as_user("user")
    assert signs_in(strict, "user")
    for _ in range(2):
        reply = ask(user, "UpdatePassword", newPassword=NEW, oldPassword="a wrong one")
        assert (reply.number, reply.text("errorFields")) == (105, "oldPassword")
    for old in ("another wrong one", PASSWORD):
        reply = ask(user, "UpdatePassword", newPassword=NEW, oldPassword=old)
        assert (reply.status, reply.number) == (429, 101)
        assert "too many failed sign-ins" in (reply.text("errorDescription") or "")
        assert "Retry-After" in reply.response.headers
    refused = ask(store, "GetAuditList", auditAction="sign-in-refused")
    recorded = rows(refused, "AuditList/Audit", "actorReference", "objectKind", "objectReference")
    assert recorded.count(("user", "user", "user")) == 2
    assert status(store, "user", "unlock").number == 0
    assert ask(user, "UpdatePassword", newPassword=NEW, oldPassword=PASSWORD).number == 0


@pytest.mark.ledger("DEC-415")
def test_a_missing_old_password_is_no_failed_sign_in(store: Client, engine: Engine) -> None:
    strict = Client(create_app(Settings(sign_in_failures_per_account=1), engine))
    for _ in range(2):
        assert ask(strict.as_user("user"), "UpdatePassword", newPassword=NEW).number == 105
    given = {"newPassword": NEW, "oldPassword": PASSWORD}
    assert ask(strict.as_user("user"), "UpdatePassword", **given).number == 0


@pytest.mark.ledger("DEC-415")
def test_a_request_that_is_refused_anyway_does_not_check_the_old_password(store: Client, engine: Engine) -> None:
    user = Client(create_app(Settings(sign_in_failures_per_account=1), engine)).as_user("user")
    wrong = {"oldPassword": "a wrong one"}
    assert ask(user, "UpdatePassword", userLogonReferenceUpdate="owner", newPassword=NEW, **wrong).number == 101
    reply = ask(user, "UpdatePassword", newPassword="short", **wrong)
    assert (reply.number, reply.text("errorFields")) == (105, "newPassword")
    assert ask(user, "UpdatePassword", newPassword=NEW, oldPassword=PASSWORD).number == 0


def test_a_new_password_unlocks(store: Client, engine: Engine) -> None:
    strict = Client(create_app(Settings(sign_in_failures_per_account=2), engine))
    assert [signs_in(strict, "user", "a wrong one") for _ in range(2)] == [False] * 2
    assert not signs_in(strict, "user")
    assert ask(store, "UpdatePassword", userLogonReferenceUpdate="user", newPassword=NEW).number == 0
    assert signs_in(strict, "user", NEW)
