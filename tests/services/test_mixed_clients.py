"""Many clients at once on one store: no update is lost, no frozen version changes, and nothing ends in a deadlock.

`make soak` does it for longer.
"""

from __future__ import annotations

import os

import pytest
from sqlalchemy import Engine

from tests.support.chance import seeded
from tests.support.http import Client
from tests.support.mixed import send_mixed_requests

REQUESTS = int(os.environ.get("RELINK_TEST_REQUESTS", "50"))
CLIENTS = 5


@pytest.mark.ledger("PRO-4")
def test_mixed_clients_lose_nothing(client: Client, engine: Engine) -> None:
    send_mixed_requests(client, engine, seeded(), CLIENTS, REQUESTS // CLIENTS)
