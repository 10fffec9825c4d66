"""Many clients of a service with two processes: the processes do not lose each other's updates either."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import pytest
from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, TestResponse

from tests.support.builders import Graph
from tests.support.chance import seeded
from tests.support.http import Client, Reply, checked
from tests.support.mixed import send_mixed_requests
from tests.support.raw import BASIC, exchange, request
from tests.support.real_service import Service

REQUESTS = int(os.environ.get("RELINK_TEST_REQUESTS", "150"))
CLIENTS = 8


@dataclass(frozen=True)
class RemoteClient(Client):
    """Posts requests over HTTP, as the user who may do everything."""

    url: str = field(kw_only=True)

    def load(self, graph: Graph) -> Reply:
        """Import a graph by a request, since the application that keeps imports is in other processes."""
        return self._done(graph.xml())

    def post(self, body: str | bytes, path: str = "/service", **options: object) -> Reply:
        """POST an XML request and check the response against its schema."""
        assert not options
        data = body.encode() if isinstance(body, str) else body
        reply = exchange(self.url, request(path, data, Authorization=BASIC))
        sent = EnvironBuilder(path, method="POST").get_request()
        return checked(TestResponse([reply.body], str(reply.status), Headers(reply.headers), sent))


@pytest.mark.ledger("PRO-4")
def test_mixed_clients_of_two_processes_lose_nothing(service: Service, figures: Callable[[str], None]) -> None:
    client = RemoteClient(cast(Flask, None), url=service.url)
    send_mixed_requests(client, service.engine, seeded(), CLIENTS, REQUESTS // CLIENTS)
    figures(f"{REQUESTS // CLIENTS * CLIENTS} requests of {CLIENTS} clients lost nothing")
