"""Failed sign-ins count for the address that a trusted proxy gives, and for that of the proxy if none is trusted."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from app.application import create_app
from app.identity.users import add_user
from app.settings import Settings
from tests.support.http import SECRET_KEY

RIGHT = "correct horse battery"
ONE, OTHER = "198.51.100.7", "203.0.113.9"


@pytest.mark.parametrize(("proxies", "of_the_other"), [(1, 200), (0, 429)])
def test_one_client_behind_a_trusted_proxy_does_not_lock_out_another(
    engine: Engine, proxies: int, of_the_other: int
) -> None:
    with engine.begin() as connection:
        add_user(connection, "anna", RIGHT)
    settings = Settings(secret_key=SECRET_KEY, trusted_proxies=proxies, sign_in_failures_per_account=3)
    client = create_app(settings, engine).test_client()

    def asked(address: str, password: str) -> int:
        headers = {"X-Forwarded-For": address}
        return client.get("/runs", auth=("anna", password), headers=headers).status_code

    for _ in range(3):
        assert asked(ONE, "wrong") == 401
    assert asked(ONE, RIGHT) == 429
    assert asked(OTHER, RIGHT) == of_the_other
