"""Clients that have not signed in cannot fill the audit, however many networks they have."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from app.application import create_app
from app.identity import audit_room
from app.identity.audit_room import MOST_OF_ALL, AuditRoom
from app.identity.users import add_user
from app.settings import Settings
from tests.support.http import SECRET_KEY

RIGHT = "correct horse battery"


def recorded(engine: Engine, prefix: str) -> int:
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM audit WHERE action = 'sign-in-refused' AND starts_with(address, :prefix)")
        return int(connection.execute(query, {"prefix": prefix}).scalar_one())


@pytest.mark.ledger("DEC-365")
def test_a_site_with_many_networks_has_a_limited_number_of_rows_and_is_still_locked(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_room, "MOST_OF_A_SITE", most := 30)
    with engine.begin() as connection:
        add_user(connection, "anna", RIGHT)
    settings = Settings(secret_key=SECRET_KEY, trusted_proxies=1, sign_in_failures_per_account=2)
    client = create_app(settings, engine).test_client()

    def guess(address: str) -> int:
        headers = {"X-Forwarded-For": address, "Authorization": "Bearer guessed"}
        return client.post("/graphql", json={"query": "{ viewer { id } }"}, headers=headers).status_code

    def sign_in(address: str) -> int:
        return client.get("/runs", auth=("anna", "wrong"), headers={"X-Forwarded-For": address}).status_code

    for network in range(most):
        assert guess(f"2001:db8:1:{network:x}::1") == 401
    assert recorded(engine, "2001:db8:1:") == most
    assert guess("2001:db8:1:ffff::1") == 401
    assert [sign_in("2001:db8:1:fffe::1") for _ in range(3)] == [401, 401, 429]
    assert recorded(engine, "2001:db8:1:") == most
    assert (guess("2001:db8:2:1::1"), sign_in("192.0.2.1")) == (401, 401)
    assert (recorded(engine, "2001:db8:2:"), recorded(engine, "192.0.2.1")) == (1, 1)


@pytest.mark.ledger("DEC-365")
def test_all_sites_together_have_a_limit_which_is_logged_and_ends_after_an_hour() -> None:
    now = 0.0
    room = AuditRoom(clock=lambda: now)
    addresses = [f"10.{number // 250}.{number % 250}.1" for number in range(MOST_OF_ALL)]
    with capture_logs() as lines:
        assert all(room.take(address) for address in addresses)
        assert not room.take("192.0.2.1")
    assert [line["event"] for line in lines] == [
        "too many refused sign-ins: for the rest of the hour they are logged and not recorded in the audit"
    ]
    now = 3600.0
    assert room.take("192.0.2.1")
