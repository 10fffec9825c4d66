"""How a process keeps track of whether a server responds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import psycopg
import pytest
from psycopg.errors import ConnectionTimeout
from psycopg.rows import TupleRow as Row
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import OperationalError

from app.database import connection as connections
from app.database.engine import make_engine
from app.database.pulse import DatabaseHangsError, Pulse
from tests.support.proxy import proxy
from tests.support.served import WITHIN, eventually


@pytest.mark.ledger("PRO-17")
def test_an_attempt_to_connect_that_is_lost_while_the_server_responds_to_others_prevents_no_other() -> None:
    """An example is a server whose packets a network drops."""
    pulse = Pulse()

    def lost() -> None:
        pulse.opened(lambda: None)
        raise ConnectionTimeout

    with pytest.raises(ConnectionTimeout):
        pulse.opened(lost)
    pulse.opened(lambda: None)


@pytest.mark.ledger("PRO-15")
def test_a_server_hangs_although_another_one_of_the_url_responds() -> None:
    whole = Pulse()
    hanging, other = whole.of_server(("10.0.0.1", 5432)), whole.of_server(("10.0.0.2", 5432))

    def lost() -> psycopg.Connection[Row]:
        raise ConnectionTimeout

    before = monotonic()
    other.responded()
    assert not hanging.beats(before, lost)


@pytest.mark.ledger("PRO-15")
def test_a_statement_ends_when_its_server_hangs_although_another_host_of_the_url_responds(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.3)
    with proxy(database_url) as first, proxy(database_url) as second, ThreadPoolExecutor(1) as pool:
        hosts = {"host": "127.0.0.1,127.0.0.1", "port": f"{make_url(first.url).port},{make_url(second.url).port}"}
        through = make_engine(make_url(first.url).update_query_dict(hosts).render_as_string(hide_password=False))

        def run() -> None:
            with through.connect() as connection:
                connection.execute(text("SELECT pg_sleep(1)"))

        running = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'active' AND query = 'SELECT pg_sleep(1)'"
        )
        statement = pool.submit(run)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            eventually(lambda: connection.execute(running).scalar_one() == 1)
        first.forwarding.clear()
        try:
            error = statement.exception(WITHIN)
        finally:
            first.forwarding.set()
        assert isinstance(error, OperationalError)
        assert isinstance(error.orig, DatabaseHangsError)
        through.dispose()
