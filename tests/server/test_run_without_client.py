"""A run does not end because its client has gone."""

from __future__ import annotations

import socket

import pytest
from sqlalchemy import text

from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import message
from tests.support.raw import BASIC, connect, exchange, request
from tests.support.real_service import Service
from tests.support.served import eventually

FORCE = message("UpdateNodeVersions", {"nodeReference": "Gone", "action": "force", "updateContentIndicator": "true"})


@pytest.mark.ledger("DEC-168")
def test_a_force_is_done_and_its_response_stored_though_no_client_waits(service: Service) -> None:
    graph = Graph().node("Gone.N3", frozen(), draft())
    for number in range(3):
        graph.node(f"Gone.N{number}", frozen(*links(f"Gone.N{number + 1}.1")))
    assert service.post(graph.xml()).number == "0"

    def state() -> str | None:
        query = "SELECT state FROM run WHERE context_reference = 'Gone'"
        with service.engine.connect() as connection:
            return connection.execute(text(query)).scalar_one_or_none()

    with service.engine.connect() as holder:
        holder.execute(text("SELECT FROM node WHERE node_reference = 'Gone.N1' FOR UPDATE"))
        with connect(service.url) as client:
            client.sendall(request("/service", FORCE.encode(), Authorization=BASIC))
            eventually(lambda: state() == "running")
            # The connection ends with a reset: the service learns that nobody will read.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        assert state() == "running"
        holder.rollback()
    eventually(lambda: state() == "done")
    with service.engine.connect() as connection:
        run = connection.execute(text("SELECT run_identifier FROM run WHERE context_reference = 'Gone'")).scalar_one()
    kept = exchange(service.url, request(f"/runs/{run}/response", method="GET", Authorization=BASIC))
    assert (kept.status, kept.number, kept.body.count(b"<Update>")) == (200, "0", 3)
