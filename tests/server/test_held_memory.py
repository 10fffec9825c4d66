"""What a process keeps of requests that are still coming is bounded."""

from __future__ import annotations

import select
from contextlib import ExitStack
from pathlib import Path

from app.server.worker import MOST_HELD
from tests.conftest import FreshDatabase
from tests.support.raw import BASIC, connect, read_reply, request
from tests.support.real_service import serving

MIB = 1024 * 1024


def test_the_oldest_large_request_gives_way(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    """All come from one network, each lacks its last byte, and with their heads they are more than is kept."""
    incomplete = request("/service", b"<GetNode>" + b" " * (MIB - 10), length=MIB, Authorization=BASIC)
    with (
        fresh_database(True) as url,
        serving(url, tmp_path / "serve.log", "--workers=1", RELINK_CLIENT_SECONDS="60") as service,
        ExitStack() as stack,
    ):
        clients = [stack.enter_context(connect(service.url)) for _ in range(MOST_HELD // MIB)]
        for client in clients:
            client.sendall(incomplete)
        assert select.select(clients, [], [], 30)[0] == clients[:1]
        refused = read_reply(clients[0])
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        assert b"too many large requests" in refused.body
        # The others get their responses when they are complete.
        for client in clients[1:]:
            client.sendall(b">")
            assert read_reply(client).status == 400
