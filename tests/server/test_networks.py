"""Which network a client counts for, when places and memory are shared among networks."""

from __future__ import annotations

import socket

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped]

from app.server.connection import ClientConnection
from app.server.pace import Pace

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
