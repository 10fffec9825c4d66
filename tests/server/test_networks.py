"""The network that a client belongs to, when places and memory are shared and when failed sign-ins are counted."""

from __future__ import annotations

import socket
from base64 import b64encode

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped]

from app.identity.users import add_user
from app.server.connection import ClientConnection
from app.server.pace import Pace
from tests.support.raw import exchange, request
from tests.support.real_service import Service

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.7, 2001:db8::1\r\n\r\n"


@pytest.mark.parametrize(
    ("proxies", "network"), [(0, "192.0.2.1"), (1, "2001:db8::/64"), (2, "198.51.100.7"), (3, "192.0.2.1")]
)
def test_the_network_behind_trusted_proxies_is_that_of_the_client(proxies: int, network: str) -> None:
    ours, clients = socket.socketpair()
    with ours, clients:
        connection = ClientConnection(Config(), ours, ("192.0.2.1", 1), ("127.0.0.1", 80), Pace())
        assert connection.network(proxies) == "192.0.2.1", "nothing has come yet"
        connection.arrival.feed(HEAD)
        assert connection.network(proxies) == network


@pytest.mark.ledger("DEC-40")
def test_a_network_behind_the_trusted_proxy_is_locked_out_and_another_is_not(shared_small_service: Service) -> None:
    """The proxy adds the address of its client to the list. The client has sent the addresses before it."""
    with shared_small_service.engine.begin() as connection:
        add_user(connection, "anna", "correct horse battery")

    def asked(forwarded: str, password: str) -> int:
        basic = f"Basic {b64encode(f'anna:{password}'.encode()).decode()}"
        data = request("/runs", method="GET", Authorization=basic, X_Forwarded_For=forwarded)
        return exchange(shared_small_service.url, data).status

    assert [asked("198.51.100.7", "wrong") for _ in range(11)] == [401] * 10 + [429]
    assert asked("198.51.100.7", "correct horse battery") == 429
    assert asked("203.0.113.9, 198.51.100.7", "correct horse battery") == 429, "a client does not choose its network"
    assert asked("198.51.100.7, 203.0.113.9", "correct horse battery") == 200
