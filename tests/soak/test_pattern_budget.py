"""The work on patterns in one request ends in time, however hostile the patterns and values are."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.nodes.patterns import LONGEST_VALUE, OverBudgetError, PatternCheck
from tests.services.test_patterns import ruled
from tests.support.http import message
from tests.support.load import allowed, seconds
from tests.support.raw import BASIC, connect, exchange, request
from tests.support.real_service import Service
from tests.support.served import eventually

HOSTILE = "|".join(f"[ab]*a[ab]{{{length}}}d" for length in range(1, 131))
SECONDS = 30
"""A check takes at most about 20 seconds of processor time. A slow processor may take longer."""


def match_without_end(check: PatternCheck, chance: random.Random) -> None:
    while True:
        check.matches(HOSTILE, "".join(chance.choices("ab", k=LONGEST_VALUE)))


@pytest.mark.ledger("PRO-31")
def test_a_whole_budget_is_spent_in_time(figures: Callable[[str], None]) -> None:
    chance = random.Random(1)  # noqa: S311
    check = PatternCheck()
    began = time.process_time()
    with pytest.raises(OverBudgetError):
        match_without_end(check, chance)
    took = time.process_time() - began
    figures(f"{took:.1f} s of a processor")
    assert took < SECONDS


def in_transaction(service: Service) -> list[str]:
    """Return the activity of the service's connections that have an open transaction."""
    query = """
        SELECT query FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
          AND backend_type = 'client backend'
    """
    with service.engine.connect() as connection:
        return list(connection.execute(text(query)).scalars())


@pytest.mark.ledger("PRO-31")
def test_an_update_with_hostile_patterns_delays_nobody_and_ends_when_its_client_has_gone(
    service: Service, figures: Callable[[str], None]
) -> None:
    chance = random.Random(2)  # noqa: S311
    values = ("".join(chance.choices("ab", k=20_000)) for _ in range(16))
    assert service.post(ruled(HOSTILE, *values).xml()).number == "0"
    elements = {"nodeReference": "P", "action": "impact", "sourceScope": "current", "updateContentIndicator": "true"}
    asked = request("/service", message("UpdateNodeVersions", elements).encode(), Authorization=BASIC)
    within = allowed(service)
    times = []
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        update = pool.submit(exchange, service.url, asked)
        while not update.done():
            times.append(seconds(service))
        took = time.monotonic() - began
    assert update.result().number == "108"
    assert b"takes more work than one request may spend on patterns" in update.result().body
    with connect(service.url) as client:
        client.sendall(asked)
        eventually(lambda: in_transaction(service))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    began = time.monotonic()
    eventually(lambda: not in_transaction(service), within=SECONDS + took)
    figures(
        f"an impact that spends its budget takes {took:.1f} s; {len(times)} requests beside it: longest"
        f" {max(times):.3f} s; its transaction ends {time.monotonic() - began:.1f} s after its client has gone"
    )
    assert max(times) < within
