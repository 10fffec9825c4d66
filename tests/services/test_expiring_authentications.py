"""Authentications that expire: SetAuthentication, the slots that hold them, and the messages about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.settings import Settings
from app.solutions.messages import AUTHENTICATION_EXPIRES, announce_expiries
from app.solutions.rollout.lazy_updates import move_due_instances
from tests.support.solution_store import Store, auth_slot, element


def after(**time: float) -> str:
    """A time from now, as a client writes it."""
    return (datetime.now(UTC) + timedelta(**time)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def set_expiry(store: Store, authentication: str, expires: str) -> None:
    store.done("SetAuthentication", authenticationId=authentication, expires=expires)


def messages(engine: Engine) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        query = text("SELECT body FROM outbox WHERE event = :event ORDER BY body ->> 'expires'")
        return list(connection.execute(query, {"event": AUTHENTICATION_EXPIRES}).scalars())


@pytest.mark.parametrize(
    "wrong",
    [
        "2026-02-30T10:00:00Z",
        "2026-01-01T24:01:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "2026-01-01T00:00:00+99:00",
    ],
)
def test_a_time_that_does_not_exist_is_a_fault(store: Store, wrong: str) -> None:
    reply = store.reply_to("SetAuthentication", authenticationId=store.authentication(None), expires=wrong)
    assert (reply.number, reply.text("errorFields")) == (105, "expires")
    assert "write one with its time zone, such as 2026-09-26T10:03:28Z" in (reply.text("errorMessage") or "")


@pytest.mark.ledger("DEC-273")
def test_an_expired_authentication_is_refused_as_a_value(store: Store) -> None:
    solution, owner = store.published(auth=[auth_slot("slack")]), store.user()
    expired = store.authentication(owner, expires=after(hours=-1))
    value = element("AuthValueList", element("AuthValue", externalId="slack", authId=expired))
    for service, fields in (
        ("CreateSolutionInstance", {"solutionId": solution, "owner": owner, "instanceName": "Mine"}),
        ("UpdateSolutionInstance", {"solutionInstanceId": store.instance(solution, owner)}),
        ("UpgradeSolutionInstance", {"solutionInstanceId": store.instance(solution, owner)}),
    ):
        reply = store.reply_to(service, value, **fields)
        assert (reply.number, reply.text("errorFields")) == (105, "AuthValueList/AuthValue[1]/authId")
        assert 'The authentication for auth slot "slack" has expired' in (reply.text("errorMessage") or "")


@pytest.mark.ledger("DEC-273")
def test_the_slot_is_pending_until_the_authentication_gets_a_later_time(store: Store) -> None:
    solution, owner = store.published(auth=[auth_slot("slack")]), store.user()
    authentication = store.authentication(owner, expires=after(days=1))
    instance = store.instance(solution, owner, auth={"slack": authentication})
    assert store.get(instance).pending == []
    set_expiry(store, authentication, after(hours=-1))
    found = store.get(instance)
    assert (found.pending, found.auth) == (["slack"], {"slack": authentication})
    assert store.faults(
        "UpdateSolutionInstance", solutionInstanceId=instance, enabled=True, errorOnEnablingWithMissingValues=True
    ) == ["enabled"]
    store.done("SetAuthentication", authenticationId=authentication, name="Another name")
    assert store.get(instance).pending == ["slack"], "an absent element keeps its value"
    set_expiry(store, authentication, "never")
    assert store.get(instance).pending == []


@pytest.mark.ledger("DEC-273")
def test_a_breaking_change_is_settled_by_an_authentication_only_while_it_is_valid(store: Store, engine: Engine) -> None:
    solution, owner = store.published(auth=[auth_slot("slack", ["read"])]), store.user()
    authentication = store.authentication(owner, ["read", "write"], expires=after(days=1))
    instance = store.instance(solution, owner, auth={"slack": authentication})
    store.republish(solution, auth=[auth_slot("slack", ["read", "write"])])
    store.update(instance, auth={"slack": authentication})
    set_expiry(store, authentication, after(hours=-1))
    assert store.get(instance).flags == "NU"
    settings, later = Settings(), datetime.now(UTC) + timedelta(days=1)
    assert move_due_instances(engine, settings, now=later) == 0
    set_expiry(store, authentication, after(days=2))
    assert store.get(instance).flags == "N"
    assert move_due_instances(engine, settings, now=later) == 1, "an instance that waited is looked at again"


@pytest.mark.ledger("DEC-274")
def test_an_expiry_is_announced_once_seven_days_ahead(store: Store, engine: Engine) -> None:
    reply = store.done("CreateExternalUser", name="Ann", externalUserId="ann-17")
    owner = reply.text("userId")
    soon = after(days=6.9)
    authentication = store.authentication(owner, name="Ann's Slack", expires=soon)
    store.authentication(owner, expires=after(days=7.1))
    store.authentication(owner)
    assert [announce_expiries(engine), announce_expiries(engine)] == [1, 0]
    expected = {
        "authId": authentication,
        "authentication_name": "Ann's Slack",
        "service_name": "slack",
        "user_id": owner,
        "external_user_id": "ann-17",
        "expires": soon,
    }
    assert messages(engine) == [expected]
    set_expiry(store, authentication, soon)
    store.done("SetAuthentication", authenticationId=authentication, name="Slack")
    assert announce_expiries(engine) == 0, "it is the same expiry"
    set_expiry(store, authentication, after(days=30))
    assert announce_expiries(engine) == 0
    sooner = after(days=2)
    set_expiry(store, authentication, sooner)
    assert announce_expiries(engine) == 1
    assert messages(engine)[0] == {**expected, "authentication_name": "Slack", "expires": sooner}


@pytest.mark.ledger("DEC-274")
def test_a_past_expiry_is_announced_and_that_of_a_builder_names_no_user(
    store: Store, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.solutions.messages._BATCH", 1)
    store.authentication(None, expires=after(hours=-1))
    assert announce_expiries(engine) == 1
    (message,) = messages(engine)
    assert (message["user_id"], message["external_user_id"]) == (None, None)
