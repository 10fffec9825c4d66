"""Streams of events over real connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests.conftest import FreshDatabase
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import message
from tests.support.raw import BASIC, connect, exchange, open_events, request
from tests.support.real_service import Service, serving
from tests.support.served import eventually

FORCE = message("UpdateNodeVersions", {"nodeReference": "P", "action": "force", "updateContentIndicator": "true"})


@pytest.fixture
def one_stream(fresh_database: FreshDatabase, tmp_path: Path) -> Iterator[Service]:
    """A service with room for one stream."""
    options = ("--workers=1", "--threads=16")
    with fresh_database(True) as url, serving(url, tmp_path / "serve.log", *options) as running:
        yield running


@pytest.mark.soak
@pytest.mark.ledger("DEC-169")
def test_streams_end_when_their_clients_go_and_when_the_service_stops(one_stream: Service) -> None:
    service = one_stream
    service.post(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()).xml())
    queued = request("/service", FORCE.encode(), Authorization=BASIC, Prefer="respond-async")
    assert exchange(service.url, queued).status == 202

    def status() -> int:
        with connect(service.url) as connection, closing(open_events(connection, 1)) as response:
            return response.status

    assert status() == 200
    eventually(lambda: status() == 200)
    with ExitStack() as stack:

        def watching() -> HTTPResponse | None:
            found = open_events(stack.enter_context(connect(service.url)), 1)
            return found if found.status == 200 else None

        response = eventually(watching)
        assert b"event: progress" in response.read1(65536) + response.read1(65536)
        assert status() == 503
        assert service.served.stop() == 0
        # The stream has an orderly end: after one that was cut off, this would raise IncompleteRead.
        assert b"event: end" not in response.read()
