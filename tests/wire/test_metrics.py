"""The figures of the store in `/metrics`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, text

from app.application import create_app
from app.database.engine import make_engine
from app.settings import Settings
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import Client, message
from tests.support.served import eventually
from tests.support.solution_store import Store, config_slot
from tests.support.statements import Statements
from tests.support.workers import ASYNC

_MANY = 8
STORE = {
    "relink_runs",
    "relink_run_queued_seconds",
    "relink_run_outcomes",
    "relink_instances_waiting",
    "relink_messages_waiting",
    "relink_message_waiting_seconds",
    "relink_messages_given_up",
    "relink_workers_alive",
}


def figures(app: Flask) -> dict[tuple[str, ...], float]:
    """The samples of `/metrics`: their names and the values of their labels, with their values."""
    response = app.test_client().get("/metrics")
    assert response.status_code == 200
    families = text_string_to_metric_families(response.text)
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


@pytest.fixture
def fresh(engine: Engine) -> Callable[[], dict[tuple[str, ...], float]]:
    """Asks an application that has not read the figures yet."""
    return lambda: figures(create_app(Settings(), engine))


def test_what_runs_and_what_waits(
    client: Client, store: Store, engine: Engine, fresh: Callable[[], dict[tuple[str, ...], float]]
) -> None:
    client.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    before = fresh()[("relink_run_outcomes_total",)]
    assert client.update("P", "force").number == 0
    impact = message("UpdateNodeVersions", {"nodeReference": "P"})
    assert client.post(impact, headers=ASYNC).status == 202
    solution = store.published(config=[config_slot("room")])
    instances = [store.instance(solution) for _ in range(3)]
    store.republish(solution, config=[config_slot("mail", hidden=True)])
    with engine.begin() as connection:
        connection.execute(text("UPDATE run SET queued_at = now() - interval '90 seconds' WHERE state = 'queued'"))
        connection.execute(
            text("UPDATE solution_instance SET held = true WHERE instance_identifier = :id"), {"id": instances[0]}
        )
        connection.execute(
            text("UPDATE solution_instance SET needs_input_for_release = 2 WHERE instance_identifier = :id"),
            {"id": instances[1]},
        )
        connection.execute(
            text("INSERT INTO outbox (event, body, created_at) VALUES ('x', '{}', now() - interval '1 hour')")
        )
        connection.execute(text("INSERT INTO procrastinate_workers DEFAULT VALUES"))
    found = fresh()
    assert found[("relink_database_up",)] == 1
    states = ("queued", "running", "done", "cancelled", "interrupted")
    assert [found[("relink_runs", state)] for state in states] == [1, 0, 1, 0, 0]
    assert 90 <= found[("relink_run_queued_seconds",)] < 3600
    reasons = ("held", "input", "failing")
    assert [found[("relink_instances_waiting", reason)] for reason in reasons] == [1, 1, 0]
    assert found[("relink_messages_waiting",)] >= 1
    assert found[("relink_message_waiting_seconds",)] >= 3600
    assert found[("relink_workers_alive",)] == 1
    # PostgreSQL's statistics follow within a second, those of earlier tests on the same database too.
    eventually(lambda: fresh()[("relink_run_outcomes_total",)] > before)


@pytest.mark.ledger("DEC-317")
def test_figures_are_read_once_in_ten_seconds(app: Flask, engine: Engine, statements: Statements) -> None:
    with engine.connect() as connection:  # which the figures are read with
        connection.execute(text("SELECT 1"))
    with statements.sent() as sent:
        first = figures(app)
        again = figures(app)
    assert {name for name, *_ in first if name.removesuffix("_total") in STORE} == {
        "relink_run_outcomes_total" if name == "relink_run_outcomes" else name for name in STORE
    }
    assert first.keys() == again.keys()
    assert sum("FROM run GROUP BY state" in each for each in sent) == 1
    assert len(sent) <= 6, sent


@pytest.mark.ledger("DEC-317")
def test_without_the_database_the_figures_of_the_processes_are_given() -> None:
    away = create_app(Settings(), make_engine("postgresql://nobody@127.0.0.1:1/none"))
    found = figures(away)
    assert found[("relink_database_up",)] == 0
    assert {name for name, *_ in found} & STORE == set()
    assert ("relink_pool_connections", "most") in found


def test_connections_in_use_are_counted(app: Flask, engine: Engine) -> None:
    """The process of the tests uses a few other connections meanwhile, to restore the databases of earlier tests."""

    def in_use() -> float:
        return figures(app)[("relink_pool_connections", "in use")]

    with ExitStack() as stack:
        for _ in range(_MANY):
            stack.enter_context(engine.connect())
        eventually(lambda: in_use() >= _MANY)
    eventually(lambda: in_use() < _MANY)


def test_connections_that_were_taken_before_they_could_be_counted_are_not_counted_when_they_are_returned(
    database_url: str,
) -> None:
    engine = make_engine(database_url, pool_size=_MANY)
    try:
        with ExitStack() as before:
            for _ in range(_MANY):
                before.enter_context(engine.connect())
            app = create_app(Settings(secret_key="0" * 64), engine)
        with ExitStack() as after:
            for _ in range(_MANY):
                after.enter_context(engine.connect())
            eventually(lambda: figures(app)[("relink_pool_connections", "in use")] >= _MANY)
    finally:
        engine.dispose()
