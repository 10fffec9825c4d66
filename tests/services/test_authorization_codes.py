"""GenerateAuthorizationCode: for whom a code is created, and how it is stored."""

from __future__ import annotations

from sqlalchemy import Engine, text

from app.solutions.people.tokens import redeem_authorization_code
from tests.support.solution_store import Store

NOBODY = "00000000-0000-4000-8000-000000000000"


def redeem(engine: Engine, code: str | None) -> str | None:
    with engine.begin() as connection:
        return redeem_authorization_code(connection, code or "")


def test_a_code_stands_for_its_user_once(store: Store, engine: Engine) -> None:
    owner = store.user()
    reply = store.done("GenerateAuthorizationCode", userId=owner)
    assert reply.text("wizardPath") is None
    code = reply.text("authorizationCode")
    assert [redeem(engine, code), redeem(engine, code)] == [owner, None]


def test_a_code_for_an_instance_stands_for_its_owner(store: Store, engine: Engine) -> None:
    owner = store.user()
    instance = store.instance(store.published(), owner)
    reply = store.done("GenerateAuthorizationCode", solutionInstanceId=instance.upper())
    code = reply.text("authorizationCode")
    assert reply.text("wizardPath") == f"/external/solutions/relink/configure/{instance}?code={code}"
    assert redeem(engine, code) == owner
    assert store.done("GenerateAuthorizationCode", solutionInstanceId=instance, userId=owner.upper()).number == 0


def test_a_user_or_an_instance_that_is_not_found_is_a_fault(store: Store) -> None:
    instance = store.instance(store.published())
    assert store.faults("GenerateAuthorizationCode") == ["userId"]
    assert store.faults("GenerateAuthorizationCode", userId=NOBODY) == ["userId"]
    assert store.faults("GenerateAuthorizationCode", solutionInstanceId="none") == ["solutionInstanceId"]
    other = store.user()
    assert store.faults("GenerateAuthorizationCode", solutionInstanceId=instance, userId=other) == [
        "solutionInstanceId"
    ]


def test_the_database_holds_only_a_hash_that_expires_after_five_minutes(store: Store, engine: Engine) -> None:
    code = store.done("GenerateAuthorizationCode", userId=store.user()).text("authorizationCode") or ""
    with engine.begin() as connection:
        (row,) = connection.execute(text("SELECT t::text, expires_at - created_at AS life FROM access_token t"))
        assert code not in row[0]
        assert row.life.total_seconds() == 300
        connection.execute(text("UPDATE access_token SET expires_at = now()"))
    assert redeem(engine, code) is None
