"""Short statements that wait for locks of other transactions."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Event

import psycopg
import pytest
from psycopg.rows import TupleRow as Row
from sqlalchemy import URL, Connection, Engine, make_url, text
from sqlalchemy.exc import OperationalError

from app.database.connection import PING_TIMEOUT, LockedError, short_statements
from app.database.engine import make_engine
from app.database.lock_waits import LockWaits
from tests.support.lock_waits import waiting_sessions
from tests.support.proxy import as_a_pooler, proxy
from tests.support.served import WITHIN, eventually

PLACES = 2
"""A quarter of the connections of the engine of a test, rounded down."""
UPDATE = text("UPDATE node SET edition = edition + 1 WHERE node_reference = :reference")
SLOW = text("SELECT pg_sleep(1.5)")
STALL = text("SELECT pg_sleep(:seconds)")


@contextmanager
def _held(engine: Engine, reference: str) -> Iterator[Connection]:
    """A transaction that has changed a node."""
    with engine.connect() as connection:
        assert connection.execute(UPDATE, {"reference": reference}).rowcount == 1
        yield connection


def _update(engine: Engine, reference: str) -> None:
    with short_statements(), engine.begin() as connection:
        connection.execute(UPDATE, {"reference": reference})


def _update_slowly(engine: Engine, reference: str) -> None:
    with short_statements(), engine.begin() as connection:
        connection.execute(UPDATE, {"reference": reference})
        connection.execute(text("SELECT pg_sleep(0.4)"))


def _read_slowly(engine: Engine) -> None:
    with short_statements(), engine.connect() as connection:
        connection.execute(SLOW)


def _run(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_sleep(4)"))


def _active(engine: Engine, statement: str) -> int:
    """Return how many sessions execute a statement."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE state = 'active' AND datname = current_database() AND query LIKE :statement"
    )
    with engine.connect() as connection:
        return int(connection.execute(query, {"statement": statement}).scalar_one())


def _refused(futures: list[Future[None]]) -> list[Future[None]]:
    """Wait until one of several updates is refused, and return the others, which wait."""
    done, waiting = wait(futures, return_when=FIRST_COMPLETED)
    [error] = [each.exception() for each in done]
    assert isinstance(error, OperationalError)
    assert isinstance(error.orig, LockedError)
    return list(waiting)


def _check_that_few_wait(engine: Engine) -> None:
    with ThreadPoolExecutor() as pool, _held(engine, "system") as holder:
        waiting = _refused([pool.submit(_update, engine, "system") for _ in range(PLACES + 1)])
        assert not any(each.done() for each in waiting)
        holder.commit()
        for each in waiting:
            each.result()


def _engine(url: URL) -> Engine:
    return make_engine(url.render_as_string(hide_password=False), pool_size=4 * PLACES)


@pytest.mark.ledger("DEC-420")
def test_a_few_wait_for_a_lock_that_is_held_for_long_and_others_are_refused(engine: Engine) -> None:
    """Slow statements that wait for no lock take none of the places."""
    with ThreadPoolExecutor() as pool:
        reads = [pool.submit(_read_slowly, engine) for _ in range(PLACES + 1)]
        with _held(engine, "system") as holder:
            waiting = _refused([pool.submit(_update, engine, "system") for _ in range(PLACES + 1)])
            assert not any(each.done() for each in waiting)
            holder.commit()
        for each in waiting + reads:
            each.result()


@pytest.mark.ledger("DEC-420")
def test_a_statement_that_waits_no_longer_is_not_cancelled(engine: Engine) -> None:
    """All places are taken, and the session has waited for a lock in the statement before."""
    with ThreadPoolExecutor() as pool, _held(engine, "system") as holder:
        waiting = _refused([pool.submit(_update, engine, "system") for _ in range(PLACES + 1)])
        with _held(engine, "system.NULL") as other:
            slow = pool.submit(_update_slowly, engine, "system.NULL")
            eventually(lambda: waiting_sessions(engine) > PLACES)
            other.commit()
        slow.result()
        holder.commit()
        for each in waiting:
            each.result()


def test_no_statement_waits_for_the_query_of_another() -> None:
    lock_waits = LockWaits(PLACES)
    asked, may_end = Event(), Event()

    def connect() -> psycopg.Connection[Row]:
        asked.set()
        assert may_end.wait(WITHIN)
        raise psycopg.OperationalError

    def refuse() -> psycopg.Connection[Row]:
        pytest.fail("another thread is asking, or has just asked")

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lock_waits.ask, connect)
        assert asked.wait(WITHIN)
        lock_waits.ask(refuse)
        may_end.set()
        first.result()
    lock_waits.ask(refuse)
    assert lock_waits.wait_of(1, 0.0) is None


def test_a_server_that_stalls_for_a_moment_ends_no_statement(engine: Engine, database_url: str) -> None:
    """The server stalls for longer than the query about locks may take, but not as long as a check of it may take."""
    with proxy(database_url) as way, ThreadPoolExecutor(2) as pool:
        through = make_engine(way.url, pool_size=4)
        with through.connect() as long, through.connect() as short, short_statements():
            for each in (long, short):
                each.execute(text("SELECT"))
        slow = pool.submit(_read_slowly, through)
        run = pool.submit(_run, through)
        eventually(lambda: _active(engine, "SELECT pg_sleep%") == 2)
        way.forwarding.clear()
        with engine.connect() as connection:
            connection.execute(STALL, {"seconds": PING_TIMEOUT + 0.5})
        way.forwarding.set()
        slow.result()
        run.result()
        through.dispose()


@pytest.mark.ledger("DEC-420")
def test_statements_that_begin_to_wait_late_are_refused_too(engine: Engine) -> None:
    """The first statement to wait for the long lock has taken a second before."""
    late = text("UPDATE node SET edition = edition + (SELECT 0 FROM pg_sleep(1.2)) WHERE node_reference = 'system'")

    def update() -> None:
        with short_statements(), engine.begin() as connection:
            connection.execute(late)

    with ThreadPoolExecutor() as pool, _held(engine, "system") as holder:
        waiting = _refused([pool.submit(update) for _ in range(PLACES + 1)])
        assert not any(each.done() for each in waiting)
        holder.commit()
        for each in waiting:
            each.result()


@pytest.mark.ledger("DEC-420")
def test_few_wait_where_the_server_writes_dates_differently(database_url: str) -> None:
    engine = _engine(make_url(database_url).update_query_dict({"options": "-c DateStyle=SQL,DMY"}))
    _check_that_few_wait(engine)
    engine.dispose()


@pytest.mark.ledger("DEC-420")
def test_few_wait_behind_a_pooler(database_url: str) -> None:
    with proxy(database_url, as_a_pooler) as way:
        engine = _engine(make_url(way.url))
        _check_that_few_wait(engine)
        engine.dispose()


@pytest.mark.ledger("DEC-420")
def test_few_wait_where_another_host_of_the_url_does_not_respond(database_url: str) -> None:
    """The other host refuses connections at first. Later it accepts them, but does not respond."""
    with proxy(database_url) as way, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = make_url(way.url)
        ports = f"{silent.getsockname()[1]},{url.port}"
        engine = _engine(url.update_query_dict({"host": "127.0.0.1,127.0.0.1", "port": ports}))
        for each in [engine.connect() for _ in range(PLACES + 2)]:
            each.close()
        silent.listen()
        silent.setblocking(False)
        _check_that_few_wait(engine)
        with pytest.raises(BlockingIOError):
            silent.accept()
        engine.dispose()
