"""A statement with large parameters, to a server that reads them slowly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest
from sqlalchemy import Engine, text

from app.database import connection as connections
from app.database.engine import driver_arguments, driver_connection, make_engine
from tests.support.proxy import proxy
from tests.support.served import eventually

LARGE = 32 * 1024 * 1024


def test_a_large_statement_is_sent_however_long_that_takes(
    database_url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network holds the statement up until it is found that the server still responds to others."""
    monkeypatch.setattr(connections, "PATIENCE", 0.3)
    with proxy(database_url) as between, ThreadPoolExecutor(1) as threads:
        slow = make_engine(between.url)
        with slow.connect() as connection:
            connection.execute(text("SELECT 1"))
            driver = driver_connection(connection)
            assert isinstance(driver, connections.DriverConnection)
            driver.arguments = driver_arguments(engine)
            began = monotonic()
            between.forwarding.clear()

            def forward_again() -> None:
                eventually(lambda: driver.pulse.responded_at > began)
                between.forwarding.set()

            threads.submit(forward_again)
            length = connection.execute(text("SELECT length(:value)"), {"value": "x" * LARGE}).scalar_one()
        slow.dispose()
    assert length == LARGE
